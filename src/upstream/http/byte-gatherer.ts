const NONE = Buffer.alloc(0)
/** Room that is kept for the next text; more goes back to the collector. */
const KEPT_BYTES = 65_536

/** Puts a text together from the pieces in which it arrives, however small: each byte is copied a bounded number of times. */
export class ByteGatherer {
  #bytes = NONE
  #length = 0

  get length (): number { return this.#length }

  /** Makes room for a text that is said to become so long, so that it is not moved each time that it doubles. */
  reserve (bytes: number): void {
    if (bytes <= this.#bytes.length) return
    const wider = Buffer.allocUnsafe(bytes)
    this.#bytes.copy(wider, 0, 0, this.#length)
    this.#bytes = wider
  }

  /** The caller bounds the sum. */
  add (piece: Buffer): void {
    const needed = this.#length + piece.length
    if (needed > this.#bytes.length) this.reserve(Math.max(needed, this.#bytes.length * 2))
    piece.copy(this.#bytes, this.#length)
    this.#length = needed
  }

  /** The bytes so far, which are the caller's from now on; begins anew. */
  takeBytes (): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#bytes = NONE
    this.#length = 0
    return bytes
  }

  /** The text so far, read as UTF-8; begins anew. */
  take (): string {
    const text = this.#bytes.toString('utf8', 0, this.#length)
    this.#length = 0
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = NONE
    return text
  }
}
