/** An answer of name resolution. */
export interface EgressAddress {
  /** IPv4 or IPv6, as text. */
  readonly address: string
  readonly family: number
}

/** Why a connection of a worker was refused; a closed set, for metric labels. */
export type EgressRefusal =
  /** The request is none that a proxy answers: no CONNECT or absolute http URL, or malformed. */
  | 'request'
  /** No entry of `sandbox.network` names this host and port. */
  | 'host'
  /** The name leads to an address that it may not lead to (T42, T47). */
  | 'address'
  /** It leads to a listener of the gateway itself. */
  | 'gateway'
  /** Too many connections of this worker at once (64). */
  | 'connections'

/** What the proxy tells while workers use it. */
export interface EgressEvents {
  /**
   * Once for every refusal.
   * @param target `host:port` of the wish, at most 300 characters, written by the worker; `''` = none could be read;
   *   undefined = the worker is refused so often that its targets are not told for the rest of the minute (no log is to be flooded)
   */
  refused (server: string, reason: EgressRefusal, target: string | undefined): void
}

/** What the proxy takes from other rooms. */
export interface EgressOptions {
  /** All addresses of a host name; rejects if there are none. */
  readonly resolve: (host: string) => Promise<readonly EgressAddress[]>
  /** What kind of network an address leads to: src/net's `classifyAddress`. */
  readonly classify: (address: string) => 'public' | 'private' | 'forbidden'
  /** Ports that the gateway itself listens on right now: never reached on an address of this machine, whatever the entry says (T42). */
  readonly ownPorts: () => readonly number[]
  readonly events: EgressEvents
  /** Absolute path of bubblewrap. Absent = there is none, and `open` says so. */
  readonly bwrap?: string
  /** `root`: namespaces are made as root. `user`: each in a user namespace that maps the gateway's own id. Default by the gateway's user id. */
  readonly by?: 'root' | 'user'
  /** Network namespaces kept ready for the next workers, so that a start does not wait for one. Default 1. */
  readonly spares?: number
  /** A connection on which nothing moves for this long is closed. Milliseconds, default 300 000. */
  readonly idleMs?: number
}

/** Which worker, and where it may go. */
export interface EgressRequest {
  /** Names the server in events and in what a refused worker is told. */
  readonly server: string
  /** `host`, `host:port`, `*.domain`, `*`; as `SandboxSettings.network`. */
  readonly allow: readonly string[]
}

/** A network namespace with nothing in it but a loopback and the proxy, which listens already. */
export interface EgressGrip {
  /**
   * Argv to put before the command on the host (before bubblewrap, after `ResourceGrip.prefix`): enters the namespace and
   * becomes the command. With it the command must not unshare the network again (no `--unshare-net`).
   */
  readonly prefix: readonly string[]
  /** `PROXY_ENV`: variables that the worker needs. */
  readonly env: Readonly<Record<string, string>>
  /** Ends the proxy and its connections, and lets the namespace go. Never rejects. */
  close (): Promise<void>
}

/** Makes guarded networks for workers; one per gateway. */
export interface Egress {
  /**
   * To be called before the worker starts, so that the proxy is there before the worker's first line runs.
   * @throws Error if no network namespace can be made on this host; its message says why
   */
  open (request: EgressRequest): Promise<EgressGrip>
  /** Ends spares and everything open. Never rejects. */
  close (): Promise<void>
}
