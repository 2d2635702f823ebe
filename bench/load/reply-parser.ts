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
  #head = ''
  #status = 0
  /** Bytes of the body still to come; -1 = chunked. Undefined = reading the head. */
  #length: number | undefined
  #parts: Buffer[] = []
  #taken = 0
  /** Bytes of the chunk under way still to come, its line end included; 0 = a size line comes next. */
  #chunkLeft = 0
  #lastDataAt = 0
  readonly #onReply: (reply: HttpReply) => void

  constructor (onReply: (reply: HttpReply) => void) {
    this.#onReply = onReply
  }

  /** @throws when the bytes are no HTTP reply that this reader knows. */
  feed (chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    if (this.#length === undefined && !this.#readHead()) return
    if (this.#length === -1) this.#readChunks()
    else this.#readSized()
  }

  #readHead (): boolean {
    const end = this.#pending.indexOf(HEAD_END)
    if (end === -1) return false
    this.#head = this.#pending.toString('latin1', 0, end)
    this.#pending = this.#pending.subarray(end + 4)
    this.#status = Number(this.#head.slice(9, 12))
    this.#length = this.#bodyLength()
    return true
  }

  #bodyLength (): number {
    if (this.#status === 204 || this.#status === 304) return 0
    const length = LENGTH.exec(this.#head)
    if (length !== null) return Number(length[1])
    if (CHUNKED.test(this.#head)) return -1
    throw new Error(`reply ${this.#status} with neither Content-Length nor chunks`)
  }

  #readSized (): void {
    const length = this.#length ?? 0
    if (this.#pending.length > 0) {
      this.#take(Math.min(length - this.#taken, this.#pending.length))
    }
    if (this.#taken >= length) this.#finish()
  }

  #take (bytes: number): void {
    this.#parts.push(this.#pending.subarray(0, bytes))
    this.#pending = this.#pending.subarray(bytes)
    this.#taken += bytes
    this.#lastDataAt = performance.now()
  }

  /** Takes what came of a chunk at once, so that a large one is not copied again with every read. */
  #readChunks (): void {
    for (;;) {
      if (this.#chunkLeft === 0) {
        const lineEnd = this.#pending.indexOf('\r\n')
        if (lineEnd === -1) return
        const size = Number.parseInt(this.#pending.toString('latin1', 0, lineEnd), 16)
        if (Number.isNaN(size)) throw new Error('broken chunk size')
        if (size === 0 && this.#pending.length < lineEnd + 4) return
        this.#pending = this.#pending.subarray(lineEnd + (size === 0 ? 4 : 2))
        if (size === 0) return this.#finish()
        this.#chunkLeft = size + 2
      }
      if (this.#pending.length === 0) return
      this.#takeOfChunk()
    }
  }

  /** The chunk's content, then the line end after it. */
  #takeOfChunk (): void {
    const content = Math.min(this.#chunkLeft - 2, this.#pending.length)
    if (content > 0) {
      this.#take(content)
      this.#chunkLeft -= content
    } else {
      const ending = Math.min(this.#chunkLeft, this.#pending.length)
      this.#pending = this.#pending.subarray(ending)
      this.#chunkLeft -= ending
    }
  }

  #finish (): void {
    const [only] = this.#parts
    const body = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts)
    const reply = { status: this.#status, head: this.#head, body: body.toString('utf8'), lastDataAt: this.#lastDataAt }
    this.#length = undefined
    this.#parts = []
    this.#taken = 0
    this.#onReply(reply)
  }
}
