/** One line of what the stack has to show. Throws when it is not so; otherwise resolves with one line of figures. */
export interface StackRow {
  readonly name: string
  run (stack: Stack): Promise<string>
}

/** One series of an instant query: its labels, and its value now. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Somebody with an API key of their own. */
export interface StackUser {
  readonly tenant: string
  readonly user: string
  readonly key: string
}

/** The whole stack of docker-compose.yml, up, with an instance directory of its own. */
export interface Stack {
  /** Where nginx is: `https://localhost:<port>`, no slash at the end. */
  readonly url: string
  /** File with the certificate to trust, PEM. */
  readonly ca: string
  /** API key that scripts/init made. */
  readonly key: string
  /** Sixteen more users, of tenants `main` and `acme`; and one, `reader`, who may list tools and call none. */
  readonly users: readonly StackUser[]
  readonly reader: StackUser
  /** Environment for scripts and for `docker compose`: project name, environment file. */
  readonly env: Readonly<Record<string, string>>
  /** INSTANCE_DIR, absolute. */
  readonly instanceDir: string
  /** First three numbers of every address of this stack, such as `172.30.240`. */
  readonly subnet: string
  /** `docker compose <args>` of this stack; resolves with stdout, rejects with stderr in the message. */
  compose (...args: string[]): Promise<string>
  /** Runs a command in a service's running container; resolves with stdout. */
  exec (service: string, ...command: string[]): Promise<string>
  /** `scripts/<name> <args>` for this stack; resolves with stdout. */
  script (name: string, ...args: string[]): Promise<string>
  /** An instant query to the stack's Prometheus. Empty when no series matches. */
  promQuery (expression: string): Promise<readonly Sample[]>
  /** Everything that a service has logged so far. */
  log (service: string): Promise<string>
}
