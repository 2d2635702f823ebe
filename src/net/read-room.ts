import type { OnReadOpts } from 'node:net'

/** Most answers fit. Each connection has as much. */
const SMALL_BYTES = 16_384
/** While answers fill what there is: fewer reads of large bodies. */
const LARGE_BYTES = 65_536
/** After so many small pieces in a row the large memory is given back. */
const SMALL_IN_A_ROW = 16

/**
 * The memory into which one connection reads, used again for each piece: memory that comes and goes with each answer cost
 * more than reading it.
 */
export class ReadRoom {
  readonly #small = Buffer.allocUnsafeSlow(SMALL_BYTES)
  #now = this.#small
  #smallInARow = 0
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
      if (length === SMALL_BYTES && bytes === this.#small) this.#now = Buffer.allocUnsafeSlow(LARGE_BYTES)
      else if (bytes !== this.#small) this.#shrink(length)
      this.#onBytes(bytes, length)
      return true
    }
  }

  #shrink (length: number): void {
    this.#smallInARow = length < SMALL_BYTES ? this.#smallInARow + 1 : 0
    if (this.#smallInARow < SMALL_IN_A_ROW) return
    this.#smallInARow = 0
    this.#now = this.#small
  }
}
