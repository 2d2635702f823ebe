import type { TlsSettings } from '../shared/settings/tls.ts'
import type { AnswerHead } from './answer-head.ts'
import type { RequestHead } from './request-head.ts'

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

export type Method = 'GET' | 'POST' | 'DELETE'

/** Guarded connections to the one origin of an {@link OutboundTarget}. */
export interface Outbound {
  /** Scheme, host and port, as `URL.origin` writes them. */
  readonly origin: string
  /** Path and query of the URL. */
  readonly path: string
  /**
   * What requests of one kind begin with; made once, sent as often as needed. Host, Connection and Content-Length are added.
   * @param headers names and values, one after the other
   * @param path path and query, percent-encoded. Default: the URL's
   * @throws TypeError for what no header or path may hold (RFC 9110 5.1, 5.5), and for headers that are the connection's own
   */
  head (method: Method, headers: readonly string[], path?: string): RequestHead
  /**
   * Sends a request to the origin and to nothing else; redirects are not followed. HTTP/1.1, one request at a time per
   * connection. There are no clocks here once a connection stands: the caller ends what takes too long. Bodies come as they
   * were sent, neither bounded nor decompressed. Written at once, or beside others when this turn of the event loop ends; `body`
   * must stay as it is until then. May call the listener before it returns.
   */
  send (head: RequestHead, body: string | Buffer | undefined, listener: AnswerListener): Sending
  /** Ends everything now; requests in flight fail, and so do all that come later. */
  destroy (): void
}

/** Hears what becomes of one request, in this order; `onEnd` or `onLost` comes once and last. None may throw. */
export interface AnswerListener {
  /** Bytes begin to leave: from here on the server may have got them. */
  onSent (): void
  /** Status below 200 is never told. */
  onHead (head: AnswerHead): void
  /** @param piece valid until this returns: its memory is used again. Copy what is to be kept */
  onData (piece: Buffer): void
  onEnd (): void
  /** An {@link OutboundError}: not sent, because no connection could be made. Anything else: it may have been sent, if `onSent` was called. */
  onLost (error: Error): void
}

/** One request, until its answer has ended. */
export interface Sending {
  /** Nobody is told any more. What waits is not sent; a connection that has the request is closed. Nothing once the answer has ended. */
  cancel (): void
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
