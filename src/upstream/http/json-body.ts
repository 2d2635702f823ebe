import { ByteGatherer } from './byte-gatherer.ts'

/** Most room that is made on a server's word alone. */
const MAX_RESERVED_BYTES = 2 * 2 ** 20

/** A body that is read as a whole. Most come in one piece and are never copied. */
export class JsonBody {
  readonly #maxBytes: number
  readonly #announced: number
  #only: Buffer | undefined
  #gathered: ByteGatherer | undefined
  #length = 0

  /** @param announced Content-Length, undefined when there is none; believed up to 2 MiB, and only once a second piece has come */
  constructor (maxBytes: number, announced?: unknown) {
    this.#maxBytes = maxBytes
    const bytes = Number(announced)
    this.#announced = bytes > 0 ? Math.min(bytes, maxBytes, MAX_RESERVED_BYTES) : 0
  }

  /** False: longer than it may be; the piece is not kept. */
  push (piece: Buffer): boolean {
    this.#length += piece.length
    if (this.#length > this.#maxBytes) return false
    if (this.#length === piece.length) {
      this.#only = piece
      return true
    }
    if (this.#gathered === undefined) {
      this.#gathered = new ByteGatherer()
      this.#gathered.reserve(this.#announced)
      if (this.#only !== undefined) this.#gathered.add(this.#only)
      this.#only = undefined
    }
    this.#gathered.add(piece)
    return true
  }

  text (): string {
    return this.#gathered?.take() ?? this.#only?.toString() ?? ''
  }
}
