import type { ServerName } from '../ids.ts'
import type { PatternRules } from './access.ts'
import type { ServerCacheSettings } from './cache.ts'
import type { ClientCredentials } from './client-credentials.ts'
import type { Era } from '../era.ts'
import type { PoolSettings } from './pool.ts'
import type { BreakerSettings, RetrySettings } from './resilience.ts'
import type { SandboxSettings } from './sandbox.ts'
import type { TlsSettings } from './tls.ts'

/** Who may share a worker of a server (rulings 1): everybody, a tenant, a user (default), a session, or nobody but one call. */
export type Isolation = 'shared' | 'tenant' | 'user' | 'session' | 'call'

/** Client capabilities as MCP writes them; only object-valued members. */
export type CapabilitiesSetting = 'client' | { readonly fixed: Readonly<Record<string, unknown>> }

/** One entry of `mcpServers`: what is started or connected to, who may use it, and how. */
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
  /** Reuse of what this server answers. Absent = as `CacheSettings` has it, contents of resources only as the server itself says, nothing across users. */
  readonly cache?: ServerCacheSettings
  /** stdio: what a worker may see, reach and use up. */
  readonly sandbox: SandboxSettings
  /** npm packages whose install scripts may run when the package store installs them (T46). Default none. */
  readonly allowScripts: readonly string[]
  /** SHA-256 hex of the effective entry: part of every worker key, so a changed entry never reuses an old worker. */
  readonly entryHash: string
}
