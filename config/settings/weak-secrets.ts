import { createHash } from 'node:crypto'
import type { Place, Report } from '../fault.ts'

type Mode = 'development' | 'production'

/** Values that stand in samples and defaults all over the world, or would be tried first (T62). */
const KNOWN_SECRETS = ['', 'secret', 'secret-api-key', 'changeme', 'change-me', 'change_me', 'password', 'admin', 'test', 'token', 'default', 'example', 'api-key', 'apikey', 'your-api-key', 'your-secret', 'your-256-bit-secret', 'supersecret', 'super-secret', 'drawbridge', 'development', 'letmein', '12345678']
const KNOWN_HASHES = new Set(KNOWN_SECRETS.map((secret) => createHash('sha256').update(secret).digest('hex')))

/** RFC 7518 3.2: a key at least as long as the hash output. */
const MIN_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }
/** A management token is compared, not hashed with anything: 128 bits of hex or more. */
const MIN_TOKEN_LENGTH = 32

/** Too short is refused in every mode: such a secret can be found offline from a single token. */
export function checkSharedSecret (secret: string, algorithms: readonly string[], mode: Mode, place: Place, report: Report): void {
  const needed = Math.max(32, ...algorithms.map((algorithm) => MIN_BYTES[algorithm] ?? 0))
  const bytes = Buffer.byteLength(secret)
  if (bytes < needed) return report.fault(place, `expected a secret of at least ${needed} bytes, got ${bytes}; make one with: openssl rand -hex ${needed}`)
  if (isMonotonous(secret)) complain('expected a random secret, got a default or repeated one; make one with: openssl rand -hex 32', mode, place, report)
}

/** The token of /admin. */
export function checkManagementToken (token: string | undefined, mode: Mode, place: Place, report: Report): void {
  if (token === undefined) return
  if (token.length < MIN_TOKEN_LENGTH || isMonotonous(token)) complain(`expected a random token of at least ${MIN_TOKEN_LENGTH} characters; make one with: openssl rand -hex 32`, mode, place, report)
}

/** Hashes of well-known words are refused in every mode: a sample file's key would open the gateway to everybody. */
export function checkKeyHash (sha256: string, place: Place, report: Report): void {
  if (KNOWN_HASHES.has(sha256.toLowerCase())) report.fault(place, 'expected the hash of a random key, got that of a well-known word; make one with: drawbridge keys create')
}

/** A known word, a known word filled up, or few different characters. */
function isMonotonous (secret: string): boolean {
  const word = secret.toLowerCase().replace(/[\s\d!._-]+$/, '')
  return new Set(secret).size < 8 || KNOWN_SECRETS.includes(secret.toLowerCase()) || KNOWN_SECRETS.includes(word) || isRepetition(secret)
}

function isRepetition (text: string): boolean {
  return text.length > 1 && `${text}${text}`.indexOf(text, 1) < text.length
}

function complain (message: string, mode: Mode, place: Place, report: Report): void {
  if (mode === 'production') report.fault(place, message)
  else report.warn(place, message)
}
