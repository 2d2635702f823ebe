import type { ServerName, TenantId } from './ids.ts'

/**
 * The frozen snapshot that config/ makes of the operator's files and the environment. Every room reads its settings
 * from here; nothing in src/ reads a file or `process.env` for them. All defaults are already filled in, `${ENV}` is
 * expanded, relative paths are absolute; `{tenant}` and `{user}` templates are still in place (only a verified
 * identity can fill them, in src/stdio-pool). A reload makes a new snapshot; requests keep the one they began with.
 */
export interface Settings {
  /** Grows by one with each snapshot; part of worker keys through {@link ServerSettings.entryHash} only. */
  readonly revision: number
  readonly mode: 'development' | 'production'
  readonly listen: { readonly host: string, readonly port: number }
  readonly management: {
    readonly host: string
    readonly port: number
    /** Absent: /admin/* is 404, and /metrics is open on a loopback address only. */
    readonly token?: string
  }
  readonly http: HttpSettings
  readonly servers: ReadonlyMap<ServerName, ServerSettings>
  /** Absent: every tenant that a credential names exists and may use every server. Present: only these exist. */
  readonly tenants?: ReadonlyMap<TenantId, TenantSettings>
  /** Roles of all tenants, by name. Absent = none. */
  readonly roles?: ReadonlyMap<string, RoleSettings>
  readonly auth: AuthSettings
  readonly limits: LimitSettings
  readonly sessions: { readonly idleMs: number, readonly maxPerUser: number }
  readonly pool: GlobalPoolSettings
  /** What replicas share and nobody else knows, at least 32 characters, from DRAWBRIDGE_SECRET: every key of theirs is derived from it. Present whenever `redis` is. */
  readonly secret?: string
  /** State that replicas share. Absent = this process keeps everything itself. */
  readonly redis?: RedisSettings
  /** This process among its replicas. Present exactly when `redis` is. */
  readonly replica?: ReplicaSettings
  /** Absent = records go to the log. */
  readonly audit?: AuditSettings
  /** Absent = the defaults of {@link CacheSettings}. */
  readonly cache?: CacheSettings
  /** An external decision point. Absent = none is asked. */
  readonly policyHook?: PolicyHookSettings
  /** Event loops that share the work, each a process of its own. Default 1; with `redis` it must be 1. */
  readonly processes: number
  /** How long shutdown waits for calls in flight. Default 30 000. */
  readonly drainMs: number
  /** How long a draining replica goes on taking requests, to hand them to others. Absent = 5 000 with `redis`, 0 without (FR31). */
  readonly drainLeadMs?: number
  /** Directory for worker homes and other scratch state; absolute. */
  readonly stateDir: string
  /** The files that this was read from, absolute: workers are not shown them (T43). Absent = none. */
  readonly configFiles?: readonly string[]
  /** Where locked packages are: the lock beside the gateway file, the store by default in `stateDir`. Absolute. Absent = the configuration is no file; launchers are started as written. */
  readonly packages?: { readonly lockFile: string, readonly directory: string }
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  /** What config/ found odd but not wrong, each naming its key; printed at start and by `check`. */
  readonly warnings: readonly string[]
}

/** How Redis is reached: one server, sentinels that know it, or a cluster. */
export interface RedisSettings {
  readonly at:
    | { readonly kind: 'single', readonly host: string, readonly port: number }
    | { readonly kind: 'socket', readonly path: string }
    | { readonly kind: 'sentinel', readonly name: string, readonly nodes: readonly HostPort[], readonly username?: string, readonly password?: string }
    | { readonly kind: 'cluster', readonly nodes: readonly HostPort[] }
  readonly username?: string
  readonly password?: string
  /** Not with a cluster. Default 0. */
  readonly db: number
  readonly tls?: TlsSettings
  /** In front of every key and channel. Default `db:`. */
  readonly keyPrefix: string
  /** How long one command may take. Default 100 (reliability C). */
  readonly commandTimeoutMs: number
  /** What a call gets while Redis is away: `local` = windows of this replica's share (default), `refuse` = 503. */
  readonly whenAway: 'local' | 'refuse'
}

/** An address without a scheme. */
export interface HostPort { readonly host: string, readonly port: number }

/** Several gateways that serve the same users. */
export interface ReplicaSettings {
  /** First part of every session id made here, `[a-z0-9]{1,16}`: what nginx routes by. From DRAWBRIDGE_REPLICA; default 8 random characters. */
  readonly name: string
  /** Where other replicas hand requests over; a listener of its own, never published. */
  readonly listen: { readonly host: string, readonly port: number }
  /** Origin under which the others reach that listener. Default `http://<host>:<port>` of `listen`; needed where it listens on a wildcard. */
  readonly advertise?: string
}

/** Where audit records go, and what happens when they cannot. */
export interface AuditSettings {
  readonly sinks: ReadonlyArray<{ readonly kind: 'log' } | { readonly kind: 'stdout' } | { readonly kind: 'file', readonly path: string } | { readonly kind: 'redis', readonly maxRecords: number }>
  /** `drop` = calls go on and lost records are counted (default); `block` = calls wait, and are refused when the sinks stay away. */
  readonly whenFull: 'drop' | 'block'
  /** Absolute path of an Ed25519 private key in PEM that signs the chain's heads. Absent = made in `stateDir`. */
  readonly keyFile?: string
}

/** Reuse of what servers answered, per identity. */
export interface CacheSettings {
  /** Lists that a server gave no time for. Default 60 000; 0 = not reused. */
  readonly listTtlMs: number
  /** Most bytes in this process. Default 64 MiB. */
  readonly maxBytes: number
}

/** What holds for one server's answers. */
export interface ServerCacheSettings {
  /** In place of {@link CacheSettings.listTtlMs}; 0 = not reused. */
  readonly listTtlMs?: number
  /** Contents of resources that the server gave no time for. Absent = 0: a tool may have changed them a moment ago, and nobody would tell. */
  readonly readTtlMs?: number
  /** Answers that the server calls public are reused for all users of the tenant. The operator's word, because a server's alone would let it show one user's data to others (T23). Absent = no. */
  readonly public?: boolean
}

/** Asked before every call, over HTTP. */
export interface PolicyHookSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Default 500. */
  readonly timeoutMs: number
  /** Questions at a time; more wait within their time. Default 32. */
  readonly maxConcurrent: number
  /** Is it told the arguments themselves? Otherwise their SHA-256. Default false. */
  readonly sendArguments: boolean
  /** What an answer that does not come means. Default `deny`. */
  readonly whenAway: 'deny' | 'allow'
  readonly allowPrivateNetwork: boolean
  readonly tls?: TlsSettings
}

export interface HttpSettings {
  /** Origin under which clients reach the gateway, without a trailing slash. Default `http://<host>:<port>`. */
  readonly publicUrl: string
  /** Lower-case `host` or `host:port` values; a bare host allows any port. Always holds publicUrl's host and the loopback names unless the operator wrote a non-empty list. */
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  /** Exact proxy addresses whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Default 4 194 304. */
  readonly maxBodyBytes: number
}

/** Protocol eras: `legacy` shakes hands and has sessions (2024-11-05 to 2025-11-25), `modern` stands alone per request (2026-07-28). */
export type Era = 'legacy' | 'modern'

/** TLS towards one upstream server; the files' contents in PEM, read when the settings were made. */
export interface TlsSettings {
  /** Certificate authorities to trust instead of the system's. */
  readonly ca?: string
  /** Client certificate and its key, both or neither. */
  readonly cert?: string
  readonly key?: string
  /** Name that the server's certificate must be for, when it is not the URL's host. */
  readonly servername?: string
}

export type Isolation = 'shared' | 'tenant' | 'user' | 'session' | 'call'

/** Client capabilities as MCP writes them; only object-valued members. */
export type CapabilitiesSetting = 'client' | { readonly fixed: Readonly<Record<string, unknown>> }

export interface PatternRules {
  /** Absent = everything; `[]` = nothing. `*` matches any run of characters. */
  readonly allow?: readonly string[]
  readonly deny: readonly string[]
}

export interface ServerSettings {
  readonly name: ServerName
  /** The name as the file wrote it, when it had to be made a slug (rulings 5); requests may use it percent-encoded. */
  readonly originalName?: string
  readonly transport: 'stdio' | 'http' | 'sse'
  /** stdio: program, absolute or found on PATH; never run through a shell. */
  readonly command: string
  readonly args: readonly string[]
  /** The entry's own variables only; src/stdio-pool adds the allow-list. */
  readonly env: Readonly<Record<string, string>>
  /** stdio: absolute, may hold templates. Absent = the worker's private home. */
  readonly cwd?: string
  /** http and sse. */
  readonly url?: string
  /** http and sse: sent with every request to the server; the only headers besides the protocol's own (T14). */
  readonly headers: Readonly<Record<string, string>>
  /** http and sse: may the URL lead to a loopback or private address? Link-local ones, where clouds keep credentials, are refused all the same. Default false (T47). */
  readonly allowPrivateNetwork: boolean
  /** http and sse over https. Absent = the system's certificate authorities and no client certificate. */
  readonly tls?: TlsSettings
  /** http and sse: how tokens for the server are fetched. Absent = none are; a static one is in `headers`. */
  readonly credentials?: ClientCredentials
  /** Absent = nothing is sent twice but what was certainly not sent. */
  readonly retries?: RetrySettings
  /** http and sse. Absent = requests are sent however many fail. */
  readonly breaker?: BreakerSettings
  /** Eras the server is spoken to in: `auto` finds out, the others are pinned. Default `auto`. */
  readonly era: 'auto' | Era
  readonly isolation: Isolation
  readonly roots: 'filtered' | 'relay' | 'off'
  readonly capabilities: CapabilitiesSetting
  readonly interactive: boolean
  readonly pool: PoolSettings
  /** Calls in flight to this server over all tenants, in this process. Absent = no bound of its own. */
  readonly concurrentCalls?: number
  /** The same for one tenant, so that no one tenant can have all of them (FR15). Absent = no bound of its own. */
  readonly concurrentCallsPerTenant?: number
  /** A call's deadline; progress extends it up to maxTimeoutMs. Defaults 60 000 and 600 000. */
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  /** From spawn to the initialize answer. Default 30 000; 180 000 for npx, uvx and the like, which may have to download. */
  readonly startTimeoutMs: number
  readonly cancelOnDisconnect: boolean
  /** The operator says that its sessions hold nothing: another replica may open them anew when theirs has gone. Absent = no. */
  readonly stateless?: boolean
  /** Arguments are held to the tool's own schema before the server sees them (rulings 4). Absent = true. */
  readonly validateArguments?: boolean
  readonly tools: PatternRules & {
    readonly timeoutMs: Readonly<Record<string, number>>
    readonly callsPerMinute: Readonly<Record<string, number>>
    /** Milliseconds for which a tool's result is reused for the same caller and arguments, by exact name. Absent = never. */
    readonly cache?: Readonly<Record<string, number>>
    /** Patterns of tools that may run twice: their calls may be retried (FR11). The operator's word, never a server's. Absent = none. */
    readonly idempotent?: readonly string[]
    /** A call with an idempotency key runs once, and its first result is given again (FR42). Absent = keys mean nothing. */
    readonly idempotencyKeys?: boolean
  }
  readonly prompts: PatternRules
  readonly resources: PatternRules
  /** Reuse of what this server answers. Absent = as {@link CacheSettings} has it, contents of resources only as the server itself says, nothing across users. */
  readonly cache?: ServerCacheSettings
  /** stdio: what a worker may see, reach and use up. */
  readonly sandbox: SandboxSettings
  /** npm packages whose install scripts may run when the package store installs them (T46). Default none. */
  readonly allowScripts: readonly string[]
  /** SHA-256 hex of the effective entry: part of every worker key, so a changed entry never reuses an old worker. */
  readonly entryHash: string
}

/** How often what may be repeated is sent again (FR11). */
export interface RetrySettings {
  /** Besides the first one. Default 2. */
  readonly attempts: number
  /** Retries as a share of all requests to the server, in percent. Default 10. */
  readonly budgetPercent: number
}

/** When requests to a server are not even sent (FR14). */
export interface BreakerSettings {
  /** Newest requests that are looked at. Default 20. */
  readonly calls: number
  /** Failures longer ago do not count. Default 10 000. */
  readonly windowMs: number
  /** Share of them that opens it, in percent. Default 50. */
  readonly failedPercent: number
  /** First time that it is open. Default 5 000. */
  readonly openMs: number
  /** Longest time that it is open. Default 60 000. */
  readonly maxOpenMs: number
}

/** The gateway as an OAuth client of its own towards one upstream server (RFC 6749 4.4). */
export interface ClientCredentials {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Where the secret goes (RFC 6749 2.3.1). */
  readonly clientAuthentication: 'basic' | 'post'
  readonly scope?: string
  /** RFC 8707. */
  readonly resource?: string
  readonly audience?: string
  /** Of the token endpoint. */
  readonly allowPrivateNetwork: boolean
  readonly tls?: TlsSettings
}

/** How a worker is contained: not at all, by its own limits, by namespaces, or by a container engine. */
export type SandboxLevel = 'none' | 'process' | 'namespace' | 'container'

/** Containment of one server's workers (T40-T43). Paths are absolute and may hold templates; they count as roots (rulings 1). */
export interface SandboxSettings {
  /** `auto` = the strongest that this host gives. A level that the host cannot give is refused at the start of a worker. */
  readonly level: 'auto' | SandboxLevel
  /** User id that workers run under, where the gateway may choose it. Absent = the gateway's own, or `nobody`'s place under root. */
  readonly uid?: number
  /**
   * Network from level `namespace` on: `none`; `full` = the host's; or hosts that may be reached through the gateway's guarded
   * proxy: `host`, `host:port`, `*.domain`, `*` = every public address. `[]` = none. Default `['*']`.
   */
  readonly network: 'none' | 'full' | readonly string[]
  /** Most memory of a worker and all that it starts, in MiB. Absent = unbounded. */
  readonly memoryMb?: number
  /** Most CPUs of a worker; 0.5 is half of one. Absent = unbounded. */
  readonly cpu?: number
  /** Most processes and threads of a worker. Default 256: runtimes start a dozen threads each (T40). */
  readonly pids: number
  /** Level `container`: the image that has the command. Absent = only a command that is `docker run` itself can have that level. */
  readonly image?: string
  readonly readOnly: readonly string[]
  readonly writable: readonly string[]
  /**
   * Directories that args, env and `writable` name by `{tenant}` or `{user}` stand at the same place inside for everybody, and are
   * mounted there when the worker is given to its user: so it can have been a spare. Level `namespace` only. Default false: a
   * server that reads its files at the start and writes them whole later would overwrite what it has not seen.
   */
  readonly mountLate?: boolean
}

export interface PoolSettings {
  /** Spare workers kept ready for new callers; demand raises it up to `max`. 0 = none are kept. Default 0. */
  readonly warm: number
  /** A worker is replaced between calls after so many, plus or minus a fifth (FR08). Absent = never. */
  readonly maxCalls?: number
  /** A worker is replaced between calls at this age, plus or minus a fifth. Absent = never. */
  readonly maxAgeMs?: number
  /** A worker whose processes hold more resident memory is replaced between calls, in MiB, plus or minus a fifth. Absent = never. */
  readonly maxMemoryMb?: number
  /** Most workers of this server. Default 50. */
  readonly max: number
  /** Most workers of this server for one tenant. Default 20. */
  readonly maxPerTenant: number
  /** A worker without call or open stream ends after this. Default 300 000. */
  readonly idleMs: number
}

/** Bounds over all servers. */
export interface GlobalPoolSettings {
  /** Default 200. */
  readonly maxWorkers: number
  /** Default 100. */
  readonly maxWorkersPerTenant: number
  /** Default 20. */
  readonly maxWorkersPerUser: number
  /** Workers that may be starting at once. Default 2 x cores, at least 4 (FR03). */
  readonly maxStarting: number
}

/** One condition on the arguments of some tools. */
export interface ArgumentRule {
  /** Patterns over `<server>__<tool>`. */
  readonly tools: readonly string[]
  /** JSON Schema over the arguments; one that src/schemas runs inline. */
  readonly arguments: Readonly<Record<string, unknown>>
  /** `deny`: calls whose arguments fit are refused. `allow`: of the tools that such rules name, only calls that fit one of them go through. */
  readonly effect: 'allow' | 'deny'
  /** What the caller is told. Absent = where the arguments differ from the rule. */
  readonly message?: string
}

/** What a tenant as a whole, or a role in it, may see and use. */
export interface AccessSettings {
  /** Absent = all; `[]` = none. */
  readonly servers?: readonly ServerName[]
  /** Patterns over `<server>__<tool>` names. */
  readonly tools: PatternRules
  /** Patterns over `<server>__<prompt>` names. Absent = everything. */
  readonly prompts?: PatternRules
  /** Patterns over `<server>+<uri>`, URI templates included. Absent = everything. */
  readonly resources?: PatternRules
  /** Absent = none. */
  readonly rules?: readonly ArgumentRule[]
}

/** What whoever has the role may do, inside what the tenant and the credential's scopes allow. */
export interface RoleSettings extends AccessSettings {
  /** Absent = all; `[]` = none. */
  readonly scopes?: readonly string[]
}

export interface TenantSettings extends AccessSettings {
  /** Roles of this tenant; they stand in place of those of the same name in {@link Settings.roles}. Absent = none. */
  readonly roles?: ReadonlyMap<string, RoleSettings>
  readonly limits: {
    readonly callsPerMinute?: number
    readonly requestsPerMinute?: number
    readonly concurrentCalls?: number
    /** Calls of all its users in a calendar day and month, UTC. */
    readonly callsPerDay?: number
    readonly callsPerMonth?: number
    readonly workers?: number
    /** Share of turns while tenants wait for the same slots or worker starts. Default 1. */
    readonly weight?: number
  }
}

export interface ApiKeySettings {
  readonly id: string
  /** Lower-case hex of SHA-256 over the key's whole text. */
  readonly sha256: string
  readonly tenant: TenantId
  readonly user: string
  /** Absent = all; `[]` = none. */
  readonly scopes?: readonly string[]
  /** Absent = whatever the tenant may; `[]` = nothing. */
  readonly roles?: readonly string[]
  readonly callsPerMinute?: number
}

/** Whom the tokens of one issuer name. */
export interface TokenIdentitySettings {
  readonly issuer: string
  readonly audience: readonly string[]
  /** Fixed tenant, or the list a tenantClaim must be in. */
  readonly tenant?: TenantId
  readonly tenants?: readonly TenantId[]
  readonly tenantClaim: string
  readonly userClaim: string
  readonly scopeClaim: string
  /** Absent = roles do not come with tokens. Given: a token without the claim has none. */
  readonly rolesClaim?: string
  readonly userPrefix: string
  /** May the issuer's addresses be private? Absent = only where a URL names a loopback address itself (T47). */
  readonly allowPrivateNetwork?: boolean
  readonly tls?: TlsSettings
}

export interface JwtIssuerSettings extends TokenIdentitySettings {
  readonly algorithms: readonly string[]
  /** Not both. Neither = the keys are found through the metadata of `issuer`, which is its URL (RFC 8414, OpenID Connect Discovery). */
  readonly jwksUri?: string
  readonly secret?: string
  /** Only tokens whose header says `at+jwt` (RFC 9068). Absent = `JWT` and no type are taken too. */
  readonly atJwtOnly?: boolean
}

/** An authorization server that is asked about opaque tokens (RFC 7662). */
export interface IntrospectionSettings extends TokenIdentitySettings {
  readonly endpoint: string
  readonly clientId: string
  readonly clientSecret: string
  /** How its tokens begin; absent = it is asked about those that no other entry claims. */
  readonly tokenPrefix?: string
}

/** A key of the gateway's own tokens. */
export interface TokenKeySettings {
  readonly kid: string
  /** Ed25519, PKCS #8 in PEM. */
  readonly privateKey: string
}

export interface AuthSettings {
  readonly apiKeys: readonly ApiKeySettings[]
  readonly jwt: readonly JwtIssuerSettings[]
  /** Absent = none. */
  readonly introspection?: readonly IntrospectionSettings[]
  readonly oauth?: { readonly resource: string, readonly authorizationServers: readonly string[] }
  /** Keys of tokens that the gateway issues itself; the first signs. Absent = derived from {@link Settings.secret}, else made in `stateDir` in development, else none. */
  readonly tokens?: { readonly keys: readonly TokenKeySettings[] }
  /** API keys and own tokens once Redis has been away for a minute. Absent = `deny`. */
  readonly whenRevocationsUnknown?: 'deny' | 'allow'
}

/** Per user unless the name says otherwise. */
export interface LimitSettings {
  readonly callsPerMinute: number
  readonly requestsPerMinute: number
  readonly initializePerMinute: number
  readonly concurrentCalls: number
  /** Calls of a user in a calendar day and month, UTC. Absent = no bound. */
  readonly callsPerDay?: number
  readonly callsPerMonth?: number
  /** Over all tenants, in this process (rulings 3). Absent = no bound; from a file 5 000 unless it says otherwise. */
  readonly totalConcurrentCalls?: number
  readonly ipRequestsPerMinute: number
}
