import { readJson } from '../shared/read-json.ts'
import type { AnswerHead } from './answer-head.ts'
import { OutboundError } from './outbound-error.ts'
import type { RequestHead } from './request-head.ts'
import type { AnswerListener, Outbound, Sending } from './types.ts'

/** One question whose answer is a small JSON text. */
export interface JsonAsk {
  readonly head: RequestHead
  readonly body?: string
  /** A larger answer is cut. */
  readonly maxBytes: number
  /** Ends it early, with its reason; waiting for a connection included. */
  readonly signal: AbortSignal
}

/**
 * The JSON of a 200. Any other status is wrong, a redirect too: the operator named this place and no other.
 * @throws Error whose message says for the log what was wrong; nothing of a body is in it
 */
export async function askJson (outbound: Outbound, ask: JsonAsk): Promise<unknown> {
  return await new Promise((resolve, reject) => { new Asking(ask, resolve, reject).send(outbound) })
}

/** One question, until it has its answer or the first thing that is wrong with it. */
class Asking implements AnswerListener {
  readonly #ask: JsonAsk
  readonly #resolve: (json: unknown) => void
  readonly #reject: (error: Error) => void
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #isOver = false
  #sending: Sending | undefined

  constructor (ask: JsonAsk, resolve: (json: unknown) => void, reject: (error: Error) => void) {
    this.#ask = ask
    this.#resolve = resolve
    this.#reject = reject
  }

  send (outbound: Outbound): void {
    const { head, body, signal } = this.#ask
    if (signal.aborted) return this.#abort()
    signal.addEventListener('abort', this.#abort, { once: true })
    this.#sending = outbound.send(head, body, this)
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
    // A copy: the piece's memory is used again.
    else if (!this.#isOver) this.#pieces.push(Buffer.from(piece))
  }

  onEnd (): void {
    if (this.#isOver) return
    this.#end()
    try {
      this.#resolve(readJson(Buffer.concat(this.#pieces).toString('utf8')))
    } catch {
      // What the parser says quotes the body.
      this.#reject(new Error('the answer is not JSON'))
    }
  }

  onLost (error: Error): void {
    this.#wrong(error instanceof OutboundError ? new Error(error.reason, { cause: error }) : error)
  }

  readonly #abort = (): void => {
    const { reason } = this.#ask.signal as { readonly reason: unknown }
    this.#wrong(reason instanceof Error ? reason : new Error(String(reason)))
  }

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
