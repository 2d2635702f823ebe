import type { OnReadOpts } from 'node:net'

/** Most answers fit. Each connection has as much. */
const SMALL_BYTES = 16_384
/** While answers fill what there is: fewer reads of large bodies. */
const LARGE_BYTES = 65_536

/**
 * The memory into which one connection reads, used again for each piece: memory that comes and goes with each answer cost
 * more than reading it.
 */
export class ReadRoom {
  readonly #small = Buffer.allocUnsafeSlow(SMALL_BYTES)
  #now = this.#small
  readonly #onBytes: (bytes: Buffer, length: number) => void

  /** @param onBytes the bytes are the reader's until it returns */
  constructor (onBytes: (bytes: Buffer, length: number) => void) {
    this.#onBytes = onBytes
  }

  /** As sockets take it. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#now,
    callback: (length) => {
      const bytes = this.#now
      if (length === bytes.length) this.#now = length === LARGE_BYTES ? bytes : Buffer.allocUnsafeSlow(LARGE_BYTES)
      else if (length < SMALL_BYTES) this.#now = this.#small
      this.#onBytes(bytes, length)
      return true
    }
  }
}
