/** Why no connection could be made; a closed set, for the log and metric labels. */
export type OutboundFailure =
  /** The URL itself is none that may be called. */
  | 'url'
  /** The host is, or resolves to, an address that may not be reached (T47). */
  | 'address'
  /** The name could not be resolved. */
  | 'resolve'
  /** Nobody answered in time. */
  | 'timeout'
  /** The connection was refused or lost before it stood. */
  | 'connect'
  /** The TLS handshake failed, or the certificate is not for this server. */
  | 'tls'

/**
 * No connection stands, so the request was not sent. The message is the same in every case, so that nobody can map a
 * network by it (T47); callers answer GW_UPSTREAM_UNAVAILABLE. `reason` is for the log only: it may name addresses.
 */
export class OutboundError extends Error {
  readonly code = 'OUTBOUND_UNREACHABLE'
  readonly failure: OutboundFailure
  readonly reason: string

  constructor (failure: OutboundFailure, reason: string, cause?: unknown) {
    super('The upstream server cannot be reached.', cause === undefined ? undefined : { cause })
    this.name = 'OutboundError'
    this.failure = failure
    this.reason = reason
  }
}
