import { createOutbound, OutboundError } from '../../net/index.ts'
import type { AnswerHead, AnswerListener, Outbound, Resolve, Sending } from '../../net/index.ts'
import { readJson } from '../../shared/read-json.ts'
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
    ask: async (ask) => await new Promise((resolve, reject) => {
      new Asking(ask, resolve, reject).send(outbound)
    }),
    close: () => { outbound.destroy() }
  }
}

/** `localhost`, 127.0.0.0/8 or [::1], written out. */
export function namesLoopback (url: string): boolean {
  const hostname = URL.canParse(url) ? new URL(url).hostname : ''
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

/** One question, until it has its answer or the first thing that is wrong with it. */
class Asking implements AnswerListener {
  readonly #ask: IssuerAsk
  readonly #resolve: (json: unknown) => void
  readonly #reject: (error: Error) => void
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #isOver = false
  #sending: Sending | undefined

  constructor (ask: IssuerAsk, resolve: (json: unknown) => void, reject: (error: Error) => void) {
    this.#ask = ask
    this.#resolve = resolve
    this.#reject = reject
  }

  send (outbound: Outbound): void {
    const { signal, form, authorization } = this.#ask
    if (signal.aborted) return this.#abort()
    signal.addEventListener('abort', this.#abort, { once: true })
    const head = outbound.head(form === undefined ? 'GET' : 'POST', [
      'accept', 'application/json, application/jwk-set+json', 'accept-encoding', 'identity', 'user-agent', 'drawbridge',
      ...(form === undefined ? [] : ['content-type', 'application/x-www-form-urlencoded']),
      ...(authorization === undefined ? [] : ['authorization', authorization])
    ])
    this.#sending = outbound.send(head, form, this)
  }

  onSent (): void {}

  onHead (head: AnswerHead): void {
    const encoding = head.get('content-encoding') ?? 'identity'
    if (head.status !== 200) this.#wrong(new Error(`answered with status ${head.status}`))
    else if (encoding.toLowerCase() !== 'identity') this.#wrong(new Error('answered with a content-encoding, which was not asked for'))
  }

  onData (piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#bytes > this.#ask.maxBytes) this.#wrong(new Error(`the answer is larger than ${this.#ask.maxBytes} bytes`))
    else if (!this.#isOver) this.#pieces.push(Buffer.from(piece))
  }

  onEnd (): void {
    if (this.#isOver) return
    this.#end()
    try {
      this.#resolve(readJson(Buffer.concat(this.#pieces).toString('utf8')))
    } catch (error) {
      this.#reject(toError(error))
    }
  }

  onLost (error: Error): void {
    this.#wrong(error instanceof OutboundError ? new Error(error.reason, { cause: error }) : error)
  }

  readonly #abort = (): void => { this.#wrong(toError(this.#ask.signal.reason)) }

  #wrong (error: Error): void {
    if (this.#isOver) return
    this.#end()
    // What is left of an answer that nobody wants.
    this.#sending?.cancel()
    this.#reject(error)
  }

  #end (): void {
    this.#isOver = true
    this.#ask.signal.removeEventListener('abort', this.#abort)
  }
}

function toError (thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
