import { MAX_DEPTH } from './limits.ts'
import { StringChecker } from './json-string.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const LOWER_E = 0x65
const UPPER_E = 0x45
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const LITERALS = new Map(['true', 'false', 'null'].map((literal) => [literal.charCodeAt(0), Buffer.from(literal)]))

const isBlank = new Uint8Array(256)
for (const blank of ' \t\r\n') isBlank[blank.charCodeAt(0)] = 1

/** The containers around the place that is looked at: true = an object. Synchronous, so one is enough. */
const isObjectAt = new Uint8Array(MAX_DEPTH + 1)

/**
 * Is there exactly one JSON value in `bytes[start, end)`, without white space around it? Says what JSON.parse would say
 * (RFC 8259), without making anything of it, and for a part of the time. UTF-8 is not looked at; what nests deeper than
 * {@link MAX_DEPTH} is none here. Never throws, never recurses, linear.
 */
export function isJson (bytes: Buffer, start: number, end: number): boolean {
  return new JsonChecker(bytes, start, end).run()
}

class JsonChecker {
  readonly #bytes: Buffer
  readonly #end: number
  readonly #strings: StringChecker
  #at: number
  #depth = 0

  constructor (bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#strings = new StringChecker(bytes, end)
  }

  run (): boolean {
    if (isBlank[this.#byte()] === 1) return false
    do {
      if (!this.#value() || !this.#afterValue()) return false
    } while (this.#depth > 0)
    return this.#at === this.#end
  }

  /** The byte here; 0 at the end, which is in no JSON outside of strings. */
  #byte (): number {
    return this.#at < this.#end ? this.#bytes[this.#at] as number : 0
  }

  #nextByte (): number {
    while (this.#at < this.#end && isBlank[this.#bytes[this.#at] as number] === 1) this.#at++
    return this.#byte()
  }

  /** One scalar, or one container up to its first scalar, or an empty one. */
  #value (): boolean {
    for (;;) {
      const byte = this.#nextByte()
      if (byte === QUOTE) return this.#string()
      if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) return this.#scalar(byte)
      const isObject = byte === OPEN_OBJECT
      if (++this.#depth > MAX_DEPTH) return false
      isObjectAt[this.#depth] = isObject ? 1 : 0
      this.#at++
      const next = this.#nextByte()
      if (next === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        this.#depth--
        this.#at++
        return true
      }
      if (isObject && !this.#key(next)) return false
    }
  }

  /** Closes what ends here; stands before the next value then, or after the outermost one. */
  #afterValue (): boolean {
    while (this.#depth > 0) {
      const isObject = isObjectAt[this.#depth] === 1
      const byte = this.#nextByte()
      this.#at++
      if (byte === COMMA) return !isObject || this.#key(this.#nextByte())
      if (byte !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return false
      this.#depth--
    }
    return true
  }

  #key (first: number): boolean {
    if (first !== QUOTE || !this.#string() || this.#nextByte() !== COLON) return false
    this.#at++
    return true
  }

  #string (): boolean {
    this.#at = this.#strings.after(this.#at + 1)
    return this.#at !== -1
  }

  #scalar (first: number): boolean {
    const literal = LITERALS.get(first)
    if (literal === undefined) return this.#number(first)
    for (const letter of literal) if (letter !== this.#byte() || ++this.#at > this.#end) return false
    return true
  }

  #number (first: number): boolean {
    if (first === MINUS) this.#at++
    const isZero = this.#byte() === ZERO
    const digits = this.#digits()
    if (digits === 0 || (isZero && digits > 1)) return false
    if (this.#byte() === DOT) {
      this.#at++
      if (this.#digits() === 0) return false
    }
    const sign = this.#byte()
    if (sign !== LOWER_E && sign !== UPPER_E) return true
    this.#at++
    if (this.#byte() === PLUS || this.#byte() === MINUS) this.#at++
    return this.#digits() > 0
  }

  #digits (): number {
    const from = this.#at
    while (this.#byte() >= ZERO && this.#byte() <= NINE) this.#at++
    return this.#at - from
  }
}
