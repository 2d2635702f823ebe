import { createHmac } from 'node:crypto'
import { rawMember } from '../protocol/index.ts'
import { createHmacOf, deriveKey } from '../seal/index.ts'

/** Characters that are kept of it: 128 bits. */
const HASH_CHARS = 22

/**
 * Makes the hash of a call's arguments that stands in its record instead of them (T58, T60): HMAC-SHA256 over their JSON text, as
 * it was sent if it is large, else as it is sent on. The key comes from that of the heads: who has it can tell whether a call had
 * certain arguments, and nobody can try them out without.
 */
export function createArgumentsHash (pem: string): (params: Readonly<Record<string, unknown>> | undefined) => string | undefined {
  const key = deriveKey(pem, 'audit arguments')
  const hmacOf = createHmacOf(key)
  return (params) => {
    if (params === undefined) return undefined
    // Bytes stay bytes: whoever reads the member makes a value of it.
    const raw = rawMember(params, 'arguments')
    if (raw !== undefined) return shortened(createHmac('sha256', key).update(raw).digest())
    const value = params['arguments']
    return value === undefined ? undefined : shortened(hmacOf(JSON.stringify(value)))
  }
}

function shortened (hmac: Buffer): string {
  return hmac.toString('base64url').slice(0, HASH_CHARS)
}
