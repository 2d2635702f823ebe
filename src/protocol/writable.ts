import type { JsonText } from './json-text.ts'

/** From so many UTF-16 units on a text is written as bytes; below, Node writes strings faster. */
const LARGE = 65_536

/**
 * A text as an HTTP message takes it with the least work: small ones as they are, large ones as their UTF-8 bytes. A large
 * string Node would join with the head, measure, and reserve three bytes per character for. Where the length in UTF-8
 * equals that in UTF-16 the text is ASCII and needs no encoding.
 */
export function writable (text: JsonText): string | Buffer {
  if (typeof text !== 'string') return text.toBuffer()
  if (text.length < LARGE) return text
  return Buffer.from(text, Buffer.byteLength(text) === text.length ? 'latin1' : 'utf8')
}
