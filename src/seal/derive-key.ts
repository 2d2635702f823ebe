import { hkdfSync } from 'node:crypto'

/** What the replicas' one secret is used for. Another purpose, another key: no text of one is ever valid for another. */
export type KeyPurpose = 'sealed texts' | 'redis values' | 'replica hops' | 'audit heads' | 'audit arguments' | 'own tokens'

const KEY_BYTES = 32

/** A key of 32 bytes that every replica derives alike (RFC 5869, HKDF-SHA256). */
export function deriveKey (secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `drawbridge ${purpose}`, KEY_BYTES))
}
