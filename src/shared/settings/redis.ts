import type { TlsSettings } from './tls.ts'

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
