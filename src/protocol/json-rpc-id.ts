import { MAX_ID_LENGTH } from './limits.ts'
import type { JsonRpcId } from './message.ts'

/**
 * May this value be an id? A string of at most 256 characters or a safe integer; null, fractions, minus zero and
 * integers that a double cannot hold are not ids (T33, MCP 2025-11-25 base protocol).
 */
export function isJsonRpcId (value: unknown): value is JsonRpcId {
  if (typeof value === 'string') return value.length <= MAX_ID_LENGTH
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

/** Does the number token in `bytes[start, end)` consist of an optional minus and digits? `1.0` and `1e2` would come back as `1` and `100`. */
export function isIntegerToken (bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    const digit = byte >= 0x30 && byte <= 0x39
    if (!digit && !(at === start && byte === 0x2d)) return false
  }
  return end > start
}
