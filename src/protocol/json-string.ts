const QUOTE = 0x22
const BACKSLASH = 0x5c
const LOWER_U = 0x75

/** Bytes looked at one by one before native searches and whole words take over, which pay only on long runs. */
const SHORT_RUN = 48

/** What a byte inside a string is. */
const KIND = { plain: 0, quote: 1, escape: 2, control: 3 } as const
const kindOf = new Uint8Array(256)
kindOf.fill(KIND.control, 0, 0x20)
kindOf[QUOTE] = KIND.quote
kindOf[BACKSLASH] = KIND.escape

const isEscapable = new Uint8Array(256)
for (const letter of '"\\/bfnrt') isEscapable[letter.charCodeAt(0)] = 1
const isHex = new Uint8Array(256)
for (const digit of '0123456789abcdefABCDEF') isHex[digit.charCodeAt(0)] = 1

/** Strings of one text, checked one after the other from its beginning to its end. */
export class StringChecker {
  readonly #bytes: Buffer
  readonly #end: number
  /** The text as 32-bit words; made for the first long run. */
  #words: Int32Array | undefined
  /** First quote and first backslash at or after a place that was passed; each byte is searched once. */
  #quote = -1
  #escape = -1

  /** @param end where the text ends, exclusive */
  constructor (bytes: Buffer, end: number) {
    this.#bytes = bytes
    this.#end = end
  }

  /** Index after the quote that closes the string whose content begins at `from`; -1 when RFC 8259 section 7 has no such string. */
  after (from: number): number {
    let at = from
    for (;;) {
      at = this.#special(at)
      if (at >= this.#end) return -1
      const kind = kindOf[this.#bytes[at] as number]
      if (kind === KIND.quote) return at + 1
      if (kind === KIND.control) return -1
      at = this.#afterEscape(at)
      if (at === -1) return -1
    }
  }

  /** Index of the next byte that is not plain, or the end. */
  #special (from: number): number {
    const near = Math.min(from + SHORT_RUN, this.#end)
    let at = from
    while (at < near && kindOf[this.#bytes[at] as number] === KIND.plain) at++
    return at < near || at === this.#end ? at : this.#farSpecial(at)
  }

  #farSpecial (from: number): number {
    if (this.#quote < from) this.#quote = this.#search(QUOTE, from)
    if (this.#escape < from) this.#escape = this.#search(BACKSLASH, from)
    const stop = Math.min(this.#quote, this.#escape)
    const at = this.#skipWords(from, stop)
    for (let next = at; next < stop; next++) if ((this.#bytes[next] as number) < 0x20) return next
    return stop
  }

  #search (byte: number, from: number): number {
    const found = this.#bytes.indexOf(byte, from)
    return found === -1 || found > this.#end ? this.#end : found
  }

  /** Moves over words without a byte below 0x20 as far as four of them at a time go; the rest is left to be looked at byte by byte. */
  #skipWords (from: number, stop: number): number {
    const { buffer, byteOffset } = this.#bytes
    const words = this.#words ??= new Int32Array(buffer, 0, buffer.byteLength >> 2)
    const first = (byteOffset + from + 3) >> 2
    for (let at = from; at < Math.min(first * 4 - byteOffset, stop); at++) if ((this.#bytes[at] as number) < 0x20) return at
    const last = (byteOffset + stop) >> 2
    if (last <= first) return from
    return Math.max(from, wordsWithoutControl(words, first, last) * 4 - byteOffset)
  }

  #afterEscape (at: number): number {
    const letter = at + 1 < this.#end ? this.#bytes[at + 1] as number : 0
    if (isEscapable[letter] === 1) return at + 2
    if (letter !== LOWER_U || at + 6 > this.#end) return -1
    for (let digit = at + 2; digit < at + 6; digit++) if (isHex[this.#bytes[digit] as number] !== 1) return -1
    return at + 6
  }
}

/** First of the next four words that hold a byte below 0x20, or where fewer than four are left. */
function wordsWithoutControl (words: Int32Array, first: number, last: number): number {
  let at = first
  for (; at + 4 <= last; at += 4) {
    const one = words[at] as number
    const two = words[at + 1] as number
    const three = words[at + 2] as number
    const four = words[at + 3] as number
    // A byte below 0x20 borrows from its highest bit, which it did not have set.
    const borrowed = ((one - 0x20202020) & ~one) | ((two - 0x20202020) & ~two) | ((three - 0x20202020) & ~three) | ((four - 0x20202020) & ~four)
    if ((borrowed & 0x80808080) !== 0) break
  }
  return at
}
