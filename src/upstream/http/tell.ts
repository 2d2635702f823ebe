import type { AnswerHead, AnswerListener, Outbound, RequestHead, Sending } from '../../net/index.ts'
import { MAX_REFUSAL_BYTES } from './caps.ts'

/** What a server answered to what it was told. */
export interface Told {
  /** 0: there was no answer. */
  readonly status: number
  /** Why there was none; undefined also when it took too long. */
  readonly error?: Error
}

/**
 * Sends something for whose answer only the status counts; what is written beside it is waited for, up to a bound, and not
 * read (T49). Never rejects.
 * @param timeoutMs from now to the end of the answer
 */
export async function tell (outbound: Outbound, head: RequestHead, body: string | undefined, timeoutMs: number): Promise<Told> {
  return await new Promise((resolve) => { new Telling(resolve, timeoutMs).send(outbound, head, body) })
}

class Telling implements AnswerListener {
  readonly #resolve: (told: Told) => void
  readonly #timer: NodeJS.Timeout
  #sending: Sending | undefined
  #left = MAX_REFUSAL_BYTES

  constructor (resolve: (told: Told) => void, timeoutMs: number) {
    this.#resolve = resolve
    this.#timer = setTimeout(() => {
      this.#cut()
      resolve({ status: 0 })
    }, timeoutMs).unref()
  }

  send (outbound: Outbound, head: RequestHead, body: string | undefined): void {
    this.#sending = outbound.send(head, body, this)
  }

  onSent (): void {}

  onHead (head: AnswerHead): void {
    this.#resolve({ status: head.status })
    // Nothing on such a stream would be for anybody.
    if (head.get('content-type')?.includes('event-stream') === true) this.#cut()
  }

  onData (piece: Buffer): void {
    this.#left -= piece.length
    if (this.#left < 0) this.#cut()
  }

  onEnd (): void { clearTimeout(this.#timer) }

  onLost (error: Error): void {
    clearTimeout(this.#timer)
    this.#resolve({ status: 0, error })
  }

  #cut (): void {
    clearTimeout(this.#timer)
    this.#sending?.cancel()
  }
}
