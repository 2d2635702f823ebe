import type { Dispatcher } from 'undici'
import type { TlsSettings } from '../shared/settings.ts'

/** One upstream server, as its entry in the configuration names it. */
export interface OutboundTarget {
  /** http or https; config/ has held it to `checkTargetUrl` already. Nothing of a request may go into it (T51). */
  readonly url: string
  /** May the connection lead to a loopback or private address, and use plain http there? Link-local addresses stay refused. */
  readonly allowPrivateNetwork: boolean
  /** https only. Absent = the system's certificate authorities, no client certificate. */
  readonly tls?: TlsSettings
  /** Most connections at a time, >= 1; further requests wait for one in arrival order. */
  readonly maxConnections: number
}

/** Guarded connections to the one origin of an {@link OutboundTarget}. */
export interface Outbound {
  /**
   * Sends requests to the origin and to nothing else: a dispatched `origin` is not looked at, redirects are not
   * followed. HTTP/1.1, one request at a time per connection. It has no clocks of its own once connected: the caller
   * ends what takes too long. Bodies come as sent, neither bounded nor decompressed. A request that never left, because no
   * connection could be made, fails with an `OutboundError`; any other error means that it may have been sent.
   */
  readonly dispatcher: Dispatcher
  /** Scheme, host and port, as `URL.origin` writes them. */
  readonly origin: string
  /** Path and query of the URL. */
  readonly path: string
  /** Refuses new requests and resolves when those in flight have ended. */
  close (): Promise<void>
  /** Ends everything now; requests in flight fail. */
  destroy (): void
}

/** An answer of name resolution. */
export interface ResolvedAddress {
  /** IPv4 or IPv6, as text. */
  readonly address: string
  readonly family: number
}

/** All addresses of a host name. Rejects if there are none. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>

/** Tuning of {@link Outbound}; the defaults are meant for everybody. Milliseconds. */
export interface OutboundTimes {
  /** From the wish for a connection to its TLS handshake's end, resolution included. Default 2 000. */
  readonly connectMs?: number
  /** Age at which a connection is closed as soon as no request uses it, so that its name is resolved again. Default 30 000 (FR45). */
  readonly maxConnectionAgeMs?: number
}
