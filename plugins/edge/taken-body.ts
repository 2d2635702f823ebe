import type { IncomingMessage } from 'node:http'
import type { Writable } from 'node:stream'
import { continueExpected } from './expectations.ts'

/** A body that may have to be sent twice is kept up to this size: calls are smaller, and those that are not are refused instead. */
const MAX_KEPT_BYTES = 262_144

const whole = new WeakMap<IncomingMessage, Buffer>()

/** The body of a request that was to be served elsewhere, was not, and is served here after all. */
export function wholeBody (request: IncomingMessage): Buffer | undefined {
  return whole.get(request)
}

/**
 * The body of a request on its way to another replica: streamed, and kept while it is small, because the replica may say that
 * the request is not its own (before it looks into it), and then it goes elsewhere.
 */
export class TakenBody {
  readonly #request: IncomingMessage
  #kept: Buffer[] | undefined = []
  #bytes = 0
  #hasBegun = false
  #hasEnded = false
  #sink: Writable | undefined
  #whenEnded: (() => void) | undefined

  /** @param read the body, where it was read already */
  constructor (request: IncomingMessage, read?: Buffer) {
    this.#request = request
    if (read === undefined) return
    this.#kept?.push(read)
    this.#hasBegun = true
    this.#hasEnded = true
  }

  /** From now on everything goes there, from the first byte on. @throws never; check {@link isWhole} before a second time */
  sendTo (sink: Writable): void {
    this.#sink = sink
    for (const chunk of this.#kept ?? []) sink.write(chunk)
    if (this.#hasEnded) sink.end()
    else this.#begin()
  }

  /** Whoever got it wants no more. */
  stop (): void { this.#sink = undefined }

  /** Is everything that was read so far still here? */
  get isWhole (): boolean { return this.#kept !== undefined }

  /** It is served here: `then` is called when all of it is here. */
  serveHere (then: () => void): void {
    this.#sink = undefined
    if (!this.#hasBegun) return then()
    const done = (): void => {
      whole.set(this.#request, Buffer.concat(this.#kept ?? []))
      then()
    }
    if (this.#hasEnded) done()
    else this.#whenEnded = done
    this.#request.resume()
  }

  #begin (): void {
    if (this.#hasBegun) {
      this.#request.resume()
      return
    }
    this.#hasBegun = true
    continueExpected(this.#request)
    this.#request.on('data', (chunk: Buffer) => { this.#arrived(chunk) })
    this.#request.once('end', () => {
      this.#hasEnded = true
      this.#sink?.end()
      this.#whenEnded?.()
    })
    // The client broke off: whoever answers it notices.
    this.#request.once('error', () => {})
  }

  #arrived (chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > MAX_KEPT_BYTES) this.#kept = undefined
    this.#kept?.push(chunk)
    if (this.#sink?.write(chunk) !== false) return
    this.#request.pause()
    this.#sink.once('drain', () => { this.#request.resume() })
  }
}
