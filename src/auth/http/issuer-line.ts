import { askJson, createOutbound } from '../../net/index.ts'
import type { Outbound, RequestHead, Resolve } from '../../net/index.ts'
import type { TokenIdentitySettings } from '../../shared/settings/auth.ts'

/** How an issuer's addresses may be reached, as its entry says. */
export type Reach = Pick<TokenIdentitySettings, 'allowPrivateNetwork' | 'tls'>

/** One question to an issuer. */
export interface IssuerAsk {
  /** Ends it early, and whoever waits with it. */
  readonly signal: AbortSignal
  /** Sent as a form by POST; absent = GET. */
  readonly form?: string
  /** `Authorization` of the gateway itself. */
  readonly authorization?: string
  /** Bodies beyond this are not read. */
  readonly maxBytes: number
}

/** Connections to one address of an issuer. */
export interface IssuerLine {
  /**
   * The JSON of a 200. No redirect is followed, because the operator named this place and no other.
   * @throws Error whose message says for the log what was wrong; nothing of a body is in it
   */
  ask (ask: IssuerAsk): Promise<unknown>
  close (): void
}

/** Answers are small; more connections would only be idle ones. */
const MAX_CONNECTIONS = 8

/**
 * Opens guarded connections to an issuer (T47): addresses are checked as those of upstream servers are. A URL that names a
 * loopback address itself needs no switch: whoever wrote it meant this machine.
 * @throws OutboundError for a URL that may never be called
 */
export function openIssuerLine (url: string, { allowPrivateNetwork = false, tls }: Reach, resolve?: Resolve): IssuerLine {
  const outbound = createOutbound({ url, allowPrivateNetwork: allowPrivateNetwork || namesLoopback(url), maxConnections: MAX_CONNECTIONS, ...(tls === undefined ? {} : { tls }) }, resolve)
  return {
    ask: async (ask) => await askJson(outbound, { head: headOf(outbound, ask), ...(ask.form === undefined ? {} : { body: ask.form }), maxBytes: ask.maxBytes, signal: ask.signal }),
    close: () => { outbound.destroy() }
  }
}

/** `localhost`, 127.0.0.0/8 or [::1], written out. */
export function namesLoopback (url: string): boolean {
  const hostname = URL.canParse(url) ? new URL(url).hostname : ''
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

function headOf (outbound: Outbound, { form, authorization }: IssuerAsk): RequestHead {
  return outbound.head(form === undefined ? 'GET' : 'POST', [
    'accept', 'application/json, application/jwk-set+json', 'accept-encoding', 'identity', 'user-agent', 'drawbridge',
    ...(form === undefined ? [] : ['content-type', 'application/x-www-form-urlencoded']),
    ...(authorization === undefined ? [] : ['authorization', authorization])
  ])
}
