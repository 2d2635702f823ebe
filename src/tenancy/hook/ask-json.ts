import { OutboundError } from '../../net/index.ts'
import type { AnswerHead, AnswerListener, Outbound, RequestHead, Sending } from '../../net/index.ts'
import { readJson } from '../../shared/read-json.ts'

/** A decision is a few bytes; a body beyond this is none. */
const MAX_BYTES = 65_536

/**
 * The JSON of a 200 to one POST.
 * @param timeoutMs for all of it, waiting for a connection included
 * @throws Error whose message says for the log what was wrong; nothing of a body is in it
 */
export function askJson (outbound: Outbound, head: RequestHead, body: string, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => new Asking(resolve, reject, timeoutMs).send(outbound, head, body))
}

class Asking implements AnswerListener {
  readonly #resolve: (json: unknown) => void
  readonly #reject: (error: Error) => void
  readonly #timer: NodeJS.Timeout
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #isOver = false
  #sending: Sending | undefined

  constructor (resolve: (json: unknown) => void, reject: (error: Error) => void, timeoutMs: number) {
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.#wrong(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  }

  send (outbound: Outbound, head: RequestHead, body: string): void {
    this.#sending = outbound.send(head, body, this)
  }

  onSent (): void {}

  onHead (head: AnswerHead): void {
    if (head.status !== 200) this.#wrong(new Error(`answered with status ${head.status}`))
    else if ((head.get('content-encoding') ?? 'identity').toLowerCase() !== 'identity') this.#wrong(new Error('answered with a content-encoding, which was not asked for'))
  }

  onData (piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#bytes > MAX_BYTES) this.#wrong(new Error(`the answer is larger than ${MAX_BYTES} bytes`))
    // A copy: the piece's memory is used again.
    else if (!this.#isOver) this.#pieces.push(Buffer.from(piece))
  }

  onEnd (): void {
    if (this.#isOver) return
    this.#end()
    try {
      this.#resolve(readJson(Buffer.concat(this.#pieces).toString('utf8')))
    } catch {
      this.#reject(new Error('the answer is not JSON'))
    }
  }

  onLost (error: Error): void {
    this.#wrong(error instanceof OutboundError ? new Error(error.reason, { cause: error }) : error)
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
    clearTimeout(this.#timer)
  }
}
