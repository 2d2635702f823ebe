/** Undoes Transfer-Encoding: chunked for one body. Hands on what came of a chunk at once, so that a large one is never copied again with every read. */
export class ChunkDecoder {
  #pending: Buffer = Buffer.alloc(0)
  /** Bytes of the chunk under way still to come, its line end included; 0 = a size line comes next. */
  #left = 0
  readonly #onData: (content: Buffer) => void

  constructor (onData: (content: Buffer) => void) {
    this.#onData = onData
  }

  /** Returns what follows the body once its last chunk came, otherwise undefined. @throws on a broken chunk size. */
  feed (bytes: Buffer): Buffer | undefined {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    for (;;) {
      if (this.#left === 0) {
        const size = this.#readSize()
        if (size === undefined) return undefined
        if (size === 0) return this.#pending
        this.#left = size + 2
      }
      if (this.#pending.length === 0) return undefined
      this.#take()
    }
  }

  #readSize (): number | undefined {
    const lineEnd = this.#pending.indexOf('\r\n')
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(this.#pending.toString('latin1', 0, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('broken chunk size')
    const until = lineEnd + (size === 0 ? 4 : 2)
    if (this.#pending.length < until) return undefined
    this.#pending = this.#pending.subarray(until)
    return size
  }

  /** The chunk's content, then the line end after it. */
  #take (): void {
    const content = Math.min(this.#left - 2, this.#pending.length)
    const bytes = content > 0 ? content : Math.min(this.#left, this.#pending.length)
    if (content > 0) this.#onData(this.#pending.subarray(0, content))
    this.#pending = this.#pending.subarray(bytes)
    this.#left -= bytes
  }
}
