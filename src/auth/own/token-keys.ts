import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deriveKey } from '../../seal/index.ts'
import type { Settings } from '../../shared/settings.ts'
import type { TokenKeySettings } from '../../shared/settings/auth.ts'

/** Where a development gateway keeps the key that it made for itself, in `stateDir`. */
export const TOKEN_KEY_FILE = 'token-key.pem'
/** DER of a PKCS #8 Ed25519 key, up to its 32 bytes (RFC 8410 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
/** Characters of a key's id; half of a SHA-256 would do for a million keys, there are two. */
const KID_CHARS = 16

/**
 * The keys of the gateway's own tokens: those of the configuration, else one that all replicas derive from their secret, else,
 * in development, one made once in `stateDir`. None in production without either: nothing is issued.
 * @returns undefined = the gateway issues no tokens. The function reads, and may make, the file when it is called
 */
export function tokenKeysFor ({ auth, secret, mode, stateDir }: Pick<Settings, 'auth' | 'secret' | 'mode' | 'stateDir'>): (() => readonly TokenKeySettings[]) | undefined {
  const { tokens } = auth
  if (tokens !== undefined) return () => tokens.keys
  if (secret !== undefined) return () => [named(ed25519(deriveKey(secret, 'own tokens')))]
  return mode === 'development' ? () => [named(createPrivateKey(readOrMake(join(stateDir, TOKEN_KEY_FILE), stateDir)))] : undefined
}

/** Without an id of its own a key is named by a hash of its public half. */
function named (key: KeyObject): TokenKeySettings {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return { kid: createHash('sha256').update(spki).digest('base64url').slice(0, KID_CHARS), privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

function ed25519 (seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
}

/** Several processes may be first: the one whose file stands is the one whose key holds, and it stands whole or not at all. */
function readOrMake (file: string, directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const mine = `${file}.${process.pid}`
  if (!existsSync(file)) {
    writeFileSync(mine, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    try {
      linkSync(mine, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(mine, { force: true })
    }
  }
  return readFileSync(file, 'utf8')
}
