import { timingSafeEqual } from 'node:crypto'
import { createHmacOf, deriveKey } from '../seal/index.ts'
import type { SignedValues } from './types.ts'

/** Characters of 32 bytes in base64url. */
const MAC_CHARS = 43

/**
 * Signs with a key that only the replicas can derive (HMAC-SHA256, RFC 2104). It keeps values from being made up or moved to
 * another key by somebody who can write to Redis; an earlier value of the same key can still be put back, so whatever must not
 * come back carries its own date or counter (T57).
 */
export function createSignedValues (secret: string, onForged: () => void): SignedValues {
  const hmacOf = createHmacOf(deriveKey(secret, 'redis values'))
  const macOf = (key: string, value: string): Buffer => hmacOf(`${key.length}:${key}${value}`)
  return {
    sign: (key, value) => macOf(key, value).toString('base64url') + value,
    verify (key, stored) {
      const value = stored.slice(MAC_CHARS)
      const mac = Buffer.from(stored.slice(0, MAC_CHARS), 'base64url')
      const expected = macOf(key, value)
      if (mac.length === expected.length && timingSafeEqual(mac, expected)) return value
      onForged()
      return undefined
    }
  }
}
