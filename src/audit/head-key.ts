import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The key that signs heads. */
export interface HeadKey {
  readonly privateKey: KeyObject
  /** PEM of the private key: what other keys of the audit are derived from. */
  readonly pem: string
  /** SubjectPublicKeyInfo (RFC 8410) in base64. */
  readonly publicKey: string
  /** First 16 characters of the base64url SHA-256 over the public key's DER: tells keys apart. */
  readonly fingerprint: string
}

/** Names in `stateDir`. */
const PRIVATE_FILE = 'audit.key'
const PUBLIC_FILE = 'audit.pub'

/**
 * The key of `audit.keyFile`, or the gateway's own, which is made once: readable by its user only, with the public half beside it
 * for whoever verifies.
 * @throws when the file cannot be read or written, or holds no Ed25519 key
 */
export function readHeadKey (keyFile: string | undefined, stateDir: string): HeadKey {
  const pem = keyFile === undefined ? ownKey(stateDir) : readFileSync(keyFile, 'utf8')
  const privateKey = createPrivateKey(pem)
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('the key of the audit heads is no Ed25519 key')
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return { privateKey, pem, publicKey: der.toString('base64'), fingerprint: fingerprintOf(der) }
}

/** @param der SubjectPublicKeyInfo */
export function fingerprintOf (der: Buffer): string {
  return createHash('sha256').update(der).digest('base64url').slice(0, 16)
}

function ownKey (stateDir: string): string {
  const file = join(stateDir, PRIVATE_FILE)
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
  try {
    writeFileSync(file, privateKey, { mode: 0o600, flag: 'wx' })
    writeFileSync(join(stateDir, PUBLIC_FILE), publicKey, { mode: 0o644 })
  } catch (error) {
    // Another gateway on the same directory was first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8')
}
