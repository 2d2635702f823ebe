const COLON = 0x3a
const SPACE = 0x20
const TAB = 0x09
const CARRIAGE_RETURN = 0x0d
const LINE_FEED = 0x0a

/** Characters of a name, and of a value, by code (RFC 9110 5.1 and 5.5, obs-text included). */
const inName = marked('!#$%&\'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
const inValue = new Uint8Array(256).fill(1, 0x20).fill(1, TAB, TAB + 1).fill(0, 0x7f, 0x80)

/**
 * Header or trailer lines, read strictly: each ends with CRLF, no white space before the colon, no folded lines, no control
 * characters (RFC 9112 5; T49). Linear in the text. Where they stand, and not what they say: of most of them nobody asks.
 */
export class FieldLines {
  readonly #text: string
  /** Of each line where its name begins and ends, and its value without the white space around it. */
  readonly #bounds: number[]

  private constructor (text: string, bounds: number[]) {
    this.#text = text
    this.#bounds = bounds
  }

  /**
   * Undefined: a line is none.
   * @param text Latin-1; ends with the CRLF of the last line, without the empty line
   * @param start where the first line begins
   */
  static parse (text: string, start: number): FieldLines | undefined {
    const bounds: number[] = []
    let at = start
    while (at < text.length) {
      const colon = skip(text, at, inName)
      if (colon === at || text.charCodeAt(colon) !== COLON) return undefined
      const from = skipBlanks(text, colon + 1)
      const end = skip(text, from, inValue)
      if (text.charCodeAt(end) !== CARRIAGE_RETURN || text.charCodeAt(end + 1) !== LINE_FEED) return undefined
      bounds.push(at, colon, from, withoutBlanks(text, from, end))
      at = end + 2
    }
    return new FieldLines(text, bounds)
  }

  /**
   * Repeated lines are one list (RFC 9110 5.3), so that no reader takes one of them and another the other.
   * @param name lower case letters, digits and hyphens
   */
  get (name: string): string | undefined {
    const bounds = this.#bounds
    let value: string | undefined
    for (let at = 0; at < bounds.length; at += 4) {
      if (!this.#isNamed(name, bounds[at] as number, bounds[at + 1] as number)) continue
      const line = this.#text.slice(bounds[at + 2], bounds[at + 3])
      value = value === undefined ? line : `${value}, ${line}`
    }
    return value
  }

  /** 0x20 makes a capital a small letter, and no other character of a token a letter, a digit or a hyphen. */
  #isNamed (name: string, start: number, end: number): boolean {
    if (end - start !== name.length) return false
    for (let at = start; at < end; at++) if ((this.#text.charCodeAt(at) | 0x20) !== name.charCodeAt(at - start)) return false
    return true
  }
}

/** May the byte be part of a token (RFC 9110 5.6.2)? */
export function isTokenByte (byte: number): boolean {
  return inName[byte] === 1
}

function skip (text: string, start: number, of: Uint8Array): number {
  let at = start
  while (of[text.charCodeAt(at)] === 1) at++
  return at
}

function skipBlanks (text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB) at++
  return at
}

function withoutBlanks (text: string, from: number, end: number): number {
  let at = end
  while (at > from && (text.charCodeAt(at - 1) === SPACE || text.charCodeAt(at - 1) === TAB)) at--
  return at
}

function marked (characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}
