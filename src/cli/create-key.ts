import { createHash, randomBytes } from 'node:crypto'

/** 256 bits: beyond guessing, so a plain SHA-256 is enough to store it by (rulings 2). */
const SECRET_BYTES = 32

/** A new API key: its text, to be shown once, and the hash that the configuration stores. */
export function createKey (id: string): { readonly key: string, readonly sha256: string } {
  const key = `db_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
  return { key, sha256: createHash('sha256').update(key).digest('hex') }
}

/** A random id of the form that key texts allow: `[a-z0-9]{1,32}`. */
export function randomKeyId (): string {
  return randomBytes(6).toString('hex')
}
