import { ChunkDecoder } from './chunk-decoder.ts'

/** One complete HTTP/1.1 reply. */
export interface HttpReply {
  readonly status: number
  /** Raw header block, names as sent. */
  readonly head: string
  readonly body: string
  /** performance.now() when the last byte of the body's content came in, before any trailing end-of-stream chunk. */
  readonly lastDataAt: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LENGTH = /^content-length:\s*(\d+)/im
const CHUNKED = /^transfer-encoding:\s*chunked/im

/**
 * Reads the replies of one keep-alive socket, one at a time. Small and fast rather than complete: it knows
 * Content-Length, chunked and empty bodies, which is what MCP servers send; anything else is an error.
 */
export class ReplyParser {
  #pending: Buffer = Buffer.alloc(0)
  #head: string | undefined
  #chunks: ChunkDecoder | undefined
  #length = 0
  #parts: Buffer[] = []
  #taken = 0
  #lastDataAt = 0
  readonly #onReply: (reply: HttpReply) => void

  constructor (onReply: (reply: HttpReply) => void) {
    this.#onReply = onReply
  }

  /** @throws when the bytes are no HTTP reply that this reader knows. */
  feed (bytes: Buffer): void {
    if (this.#head !== undefined) return this.#readBody(bytes)
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    const end = this.#pending.indexOf(HEAD_END)
    if (end === -1) return
    const body = this.#pending.subarray(end + 4)
    this.#readHead(this.#pending.toString('latin1', 0, end))
    this.#pending = Buffer.alloc(0)
    this.#readBody(body)
  }

  #readHead (head: string): void {
    this.#head = head
    this.#length = 0
    if (statusOf(head) === 204) return
    const length = LENGTH.exec(head)
    if (length !== null) this.#length = Number(length[1])
    else if (CHUNKED.test(head)) this.#chunks = new ChunkDecoder((content) => { this.#take(content) })
    else throw new Error(`reply ${statusOf(head)} with neither Content-Length nor chunks`)
  }

  #readBody (bytes: Buffer): void {
    if (this.#chunks !== undefined) {
      if (this.#chunks.feed(bytes) !== undefined) this.#finish()
      return
    }
    if (bytes.length > 0) this.#take(bytes)
    if (this.#taken >= this.#length) this.#finish()
  }

  #take (content: Buffer): void {
    this.#parts.push(content)
    this.#taken += content.length
    this.#lastDataAt = performance.now()
  }

  #finish (): void {
    const [only] = this.#parts
    const body = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts)
    const head = this.#head ?? ''
    this.#head = undefined
    this.#chunks = undefined
    this.#parts = []
    this.#taken = 0
    this.#onReply({ status: statusOf(head), head, body: body.toString('utf8'), lastDataAt: this.#lastDataAt })
  }
}

const statusOf = (head: string): number => Number(head.slice(9, 12))
