import { LARGE_MEMBER_BYTES } from '../../protocol/index.ts'
import { ByteGatherer } from './byte-gatherer.ts'

/** Most room that is made on a server's word alone. */
const MAX_RESERVED_BYTES = 2 * 2 ** 20

/** A body that is read as a whole. Most come in one piece, as long as announced, and are never copied. */
export class JsonBody {
  readonly #maxBytes: number
  /** Content-Length; NaN when there is none. */
  readonly #announced: number
  #only: string | undefined
  #gathered: ByteGatherer | undefined
  #length = 0

  /** @param announced Content-Length, undefined when there is none. It is the true one, or the body never ends; believed up to 2 MiB, and only once a second piece has come */
  constructor (maxBytes: number, announced?: string) {
    this.#maxBytes = maxBytes
    this.#announced = Number(announced)
  }

  /** False: longer than it may be; the piece is not kept. A piece is not looked at again after this. */
  push (piece: Buffer): boolean {
    this.#length += piece.length
    if (this.#length > this.#maxBytes) return false
    if (piece.length === this.#announced && this.#length === piece.length) {
      this.#only = piece.toString()
      return true
    }
    if (this.#gathered === undefined) this.#gathered = new ByteGatherer()
    else if (this.#announced > 0) this.#gathered.reserve(Math.min(this.#announced, this.#maxBytes, MAX_RESERVED_BYTES))
    this.#gathered.add(piece)
    return true
  }

  /** The bytes, instead of the text, where there are many: the caller's from now on. */
  largeBytes (): Buffer | undefined {
    return this.#length >= LARGE_MEMBER_BYTES ? this.#gathered?.takeBytes() : undefined
  }

  text (): string {
    return this.#only ?? this.#gathered?.take() ?? ''
  }
}
