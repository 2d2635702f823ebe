/** How far numbers may come out of order: requests overtake each other on different connections. */
const WINDOW = 65_536

/**
 * Lets each number of one sender in once, in bounded memory (as RFC 4303 3.4.3 does for packets): a bit for each of the newest
 * {@link WINDOW} numbers. What is older than those is refused, whether it was seen or not.
 */
export class ReplayWindow {
  readonly #bits = new Uint8Array(WINDOW / 8)
  #newest = 0

  /** @param number from 1 on, in steps of one @returns false: it was here before, or is too old to tell */
  admit (number: number): boolean {
    if (!Number.isSafeInteger(number) || number < 1 || number <= this.#newest - WINDOW) return false
    if (number > this.#newest) {
      const from = Math.max(this.#newest + 1, number - WINDOW + 1)
      for (let at = from; at <= number; at++) this.#set(at, false)
      this.#newest = number
    } else if (this.#has(number)) return false
    this.#set(number, true)
    return true
  }

  #has (number: number): boolean {
    const bit = number % WINDOW
    return ((this.#bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
  }

  #set (number: number, isSeen: boolean): void {
    const bit = number % WINDOW
    const byte = this.#bits[bit >> 3] ?? 0
    this.#bits[bit >> 3] = isSeen ? byte | (1 << (bit & 7)) : byte & ~(1 << (bit & 7))
  }
}
