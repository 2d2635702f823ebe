import { AnswerHead, CHUNKED, UNTIL_CLOSE } from './answer-head.ts'
import { ChunkedBody } from './chunked-body.ts'
import { TextBlock } from './text-block.ts'

/** All heads of one answer together, those with a status below 200 included; what Node itself accepts for one. */
const MAX_HEAD_BYTES = 16_384

/** Gets what is in an answer. */
export interface AnswerParts {
  onHead (head: AnswerHead): void
  /** Valid until this returns. */
  onData (piece: Buffer): void
}

/** The bytes are no answer that can be read in one way only; the text says why, for the log, and holds nothing of them. */
export interface Malformed { readonly malformed: string }

/** Answers from the bytes of a connection (RFC 9112), one after the other, however they are cut into pieces. */
export class AnswerReader {
  readonly #parts: AnswerParts
  readonly #block = new TextBlock(MAX_HEAD_BYTES)
  #headBytes = 0
  #head: AnswerHead | undefined
  /** Of a body with a length, bytes that are still to come; otherwise a framing. */
  #left = 0
  #chunks: ChunkedBody | undefined

  constructor (parts: AnswerParts) {
    this.#parts = parts
  }

  /** Expects an answer; the one before has ended. */
  begin (): void {
    this.#block.begin('')
    this.#headBytes = 0
    this.#head = undefined
    this.#chunks = undefined
  }

  get head (): AnswerHead | undefined { return this.#head }

  /** Has the answer come to its end by itself? */
  get isDone (): boolean {
    if (this.#head === undefined) return false
    return this.#chunks === undefined ? this.#left === 0 : this.#chunks.isDone
  }

  /** Is the end of the connection its regular end? */
  get endsWithConnection (): boolean { return this.#head !== undefined && this.#left === UNTIL_CLOSE }

  /** @returns where in the bytes the answer has ended, or `end` */
  push (bytes: Buffer, end: number): number | Malformed {
    let at = 0
    while (this.#head === undefined) {
      const next = this.#readHead(bytes, at, end)
      if (typeof next !== 'number') return next
      at = next
      if (at === end) return at
    }
    return this.#readBody(bytes, at, end)
  }

  #readHead (bytes: Buffer, at: number, end: number): number | Malformed {
    const next = this.#block.push(bytes, at, end)
    if (next === -1) return end
    this.#headBytes += this.#block.text.length
    if (next === -2 || this.#headBytes > MAX_HEAD_BYTES) return { malformed: 'a head that is too large' }
    const head = AnswerHead.parse(this.#block.text)
    if (head === undefined) return { malformed: 'no head of an HTTP answer' }
    this.#block.begin('')
    if (head.status < 200) return isInterim(head) ? next : { malformed: 'an interim answer that cannot be one' }
    const { framing } = head
    if (framing === undefined) return { malformed: 'a body without a clear length' }
    this.#left = framing
    if (framing === CHUNKED) this.#chunks = new ChunkedBody((piece) => { this.#parts.onData(piece) })
    this.#head = head
    this.#parts.onHead(head)
    return next
  }

  #readBody (bytes: Buffer, at: number, end: number): number | Malformed {
    if (this.#chunks !== undefined) {
      const next = this.#chunks.push(bytes, at, end)
      return next === -1 ? { malformed: 'malformed chunks' } : next
    }
    const until = this.#left === UNTIL_CLOSE ? end : Math.min(end, at + this.#left)
    if (this.#left > 0) this.#left -= until - at
    if (until > at) this.#parts.onData(bytes.subarray(at, until))
    return until
  }
}

/** Nobody asked for another protocol, HTTP/1.0 has none of these, and what is announced to end here has no answer. */
function isInterim ({ status, isOne, isKept }: AnswerHead): boolean {
  return status !== 101 && isOne && isKept
}
