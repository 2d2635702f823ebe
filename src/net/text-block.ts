const WINDOW = 1024
const BLANK_LINE = '\r\n\r\n'

/** Gathers the lines up to an empty one from the pieces in which they arrive. */
export class TextBlock {
  readonly #maxBytes: number
  #text = ''

  constructor (maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** All lines with their CRLF, as Latin-1, once `push` has found the empty line. */
  get text (): string { return this.#text }

  /** What came before the first piece. */
  begin (text: string): void { this.#text = text }

  /** @returns where in the bytes the block has ended; -1: not yet; -2: it is longer than it may be */
  push (bytes: Buffer, start: number, end: number): number {
    for (let at = start; at < end;) {
      const known = this.#text.length
      const until = Math.min(end, at + WINDOW)
      const text = known === 0 ? bytes.toString('latin1', at, until) : this.#text + bytes.toString('latin1', at, until)
      const found = text.indexOf(BLANK_LINE, Math.max(0, known - 3))
      if (found !== -1) {
        this.#text = text.slice(0, found + 2)
        return this.#text.length > this.#maxBytes ? -2 : at + found + BLANK_LINE.length - known
      }
      if (text.length > this.#maxBytes) return -2
      this.#text = text
      at = until
    }
    return -1
  }
}
