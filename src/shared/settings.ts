import type { ServerName, TenantId } from './ids.ts'
import type { RoleSettings } from './settings/access.ts'
import type { AuditSettings } from './settings/audit.ts'
import type { AuthSettings } from './settings/auth.ts'
import type { CacheSettings } from './settings/cache.ts'
import type { HttpSettings } from './settings/http.ts'
import type { LimitSettings } from './settings/limits.ts'
import type { PolicyHookSettings } from './settings/policy-hook.ts'
import type { GlobalPoolSettings } from './settings/pool.ts'
import type { RedisSettings } from './settings/redis.ts'
import type { ReplicaSettings } from './settings/replica.ts'
import type { ServerSettings } from './settings/server.ts'
import type { TenantSettings } from './settings/tenant.ts'

/**
 * The frozen snapshot that config/ makes of the operator's files and the environment. Every room reads its settings
 * from here; nothing in src/ reads a file or `process.env` for them. All defaults are already filled in, `${ENV}` is
 * expanded, relative paths are absolute; `{tenant}` and `{user}` templates are still in place (only a verified
 * identity can fill them, in src/stdio-pool). A reload makes a new snapshot; requests keep the one they began with. The
 * parts, by subject, are in `settings/`: who needs one only imports that.
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
