/** The public listener as clients and browsers see it (T29, T30). */
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
