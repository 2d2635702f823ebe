import { ByteGatherer } from './byte-gatherer.ts'

/** A body that is read as a whole. Most come in one piece and are never copied. */
export class JsonBody {
  readonly #maxBytes: number
  #only: Buffer | undefined
  #gathered: ByteGatherer | undefined
  #length = 0

  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
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
