import { isUtf8 } from 'node:buffer'
import { readJson } from '../shared/read-json.ts'
import { LARGE_MEMBER_BYTES, readLargeAnswer } from '../protocol/index.ts'
import type { ProtocolErrorKind } from './pool-options.ts'

const OPEN_BRACE = 0x7B
const BYTE_ORDER_MARK = '\uFEFF'
const REPLACEMENT = '\uFFFD'

/**
 * One line as a JSON object, or why it is none. Decodes the bytes once and parses once: this is the hot path, so a line
 * that does not begin like an object is refused before it is decoded, and invalid UTF-8 is looked for only if decoding
 * put in a replacement character. The large members of an answer stay bytes of the line, see
 * `readLargeAnswer`.
 */
export function parseLine (chunk: Buffer, start: number, end: number): Record<string, unknown> | Exclude<ProtocolErrorKind, 'oversize'> {
  if (!mayBeObject(chunk[start])) return 'noise'
  if (end - start >= LARGE_MEMBER_BYTES) {
    const answer = readLargeAnswer(chunk.subarray(start, end))
    if (answer !== undefined) return answer
  }
  const text = chunk.toString('utf8', start, end)
  if (text.includes(REPLACEMENT) && !isUtf8(chunk.subarray(start, end))) return 'invalid_utf8'
  const value = parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)
  return isObject(value) ? value : 'noise'
}

/** An object, JSON whitespace before it, or the byte order mark that .NET servers begin with. */
function mayBeObject (first: number | undefined): boolean {
  return first === OPEN_BRACE || first === 0x20 || first === 0x09 || first === 0x0D || first === 0xEF
}

function parse (text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return undefined
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
