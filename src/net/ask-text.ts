import type { AnswerHead } from './answer-head.ts'
import { OutboundError } from './outbound-error.ts'
import type { RequestHead } from './request-head.ts'
import type { AnswerListener, Outbound, Sending } from './types.ts'

/** One question whose answer is a small text. */
export interface TextAsk {
  readonly head: RequestHead
  readonly body?: string
  /** The only status whose text is wanted; any other is wrong, and what comes with it is not read. Default: all are. */
  readonly onlyStatus?: number
  /** A larger answer is cut. */
  readonly maxBytes: number
  /** Ends it early, with its reason; waiting for a connection included. */
  readonly signal: AbortSignal
}

/** What came. */
export interface TextAnswer {
  readonly status: number
  readonly text: string
}

/**
 * The whole of a small answer. Redirects are not followed: the operator named this place and no other.
 * @throws Error whose message says for the log what was wrong; nothing of a body is in it. Its cause is an {@link OutboundError} where the server was not reached
 */
export async function askText (outbound: Outbound, ask: TextAsk): Promise<TextAnswer> {
  return await new Promise((resolve, reject) => { new Asking(ask, resolve, reject).send(outbound) })
}

/** One question, until it has its answer or the first thing that is wrong with it. */
class Asking implements AnswerListener {
  readonly #ask: TextAsk
  readonly #resolve: (answer: TextAnswer) => void
  readonly #reject: (error: Error) => void
  readonly #pieces: Buffer[] = []
  #status = 0
  #bytes = 0
  #isOver = false
  #sending: Sending | undefined

  constructor (ask: TextAsk, resolve: (answer: TextAnswer) => void, reject: (error: Error) => void) {
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
    const { onlyStatus = head.status } = this.#ask
    this.#status = head.status
    if (head.status !== onlyStatus) this.#wrong(new Error(`answered with status ${head.status}`))
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
    this.#resolve({ status: this.#status, text: Buffer.concat(this.#pieces).toString('utf8') })
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
