import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { readJson } from '../shared/read-json.ts'

/** What is sealed: whatever JSON can express. */
export type SealedPayload = Record<string, unknown>

/** Turns payloads into texts that a client can hold and hand back, and not read, change or give to another. */
export interface Sealer {
  /**
   * @param kind what the text is for; one kind is never taken for another
   * @param owner who may bring it back, as one unambiguous text; it is not part of the text that leaves
   * @param ttlMs milliseconds for which it can be opened; absent = for as long as the key lives
   * @returns base64url, some 60 characters and four thirds of the payload's JSON
   * @throws RangeError the text would be longer than {@link MAX_SEALED_CHARS}: bound what a server may put into it
   */
  seal (kind: string, owner: string, payload: SealedPayload, ttlMs?: number): string
  /**
   * The same, but one payload always gives one text: for names that clients compare, such as ids. Who sees two of them can
   * tell whether they are the same thing, and nothing else.
   */
  name (kind: string, owner: string, payload: SealedPayload): string
  /** The payload; undefined = forged, changed, of another kind, owner or key, expired, too long or no text at all (T21). Never throws. */
  open (kind: string, owner: string, text: unknown): SealedPayload | undefined
}

/** Longest sealed text, in characters: nobody is made to decrypt more than this. */
export const MAX_SEALED_CHARS = 65_536

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** First byte of every text: another format will have another one. */
const VERSION = 1
/** Tells the key of names' nonces from the one they are sealed with. */
const NAMED = Buffer.from('name')
const OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES

/**
 * @param key 32 secret bytes that all replicas share. Absent = random ones: texts end with this process.
 * @param wallMs milliseconds since 1970, because replicas share no other clock
 * @throws RangeError the key has another length
 */
export function createSealer (key: Uint8Array | undefined, wallMs: () => number): Sealer {
  const master = Buffer.from(key ?? randomBytes(KEY_BYTES))
  if (master.length !== KEY_BYTES) throw new RangeError(`a sealing key has ${KEY_BYTES} bytes`)
  return {
    seal (kind, owner, payload, ttlMs) {
      const expiresAtMs = ttlMs === undefined ? null : wallMs() + ttlMs
      return bounded(encrypt(master, contextOf(kind, owner), JSON.stringify([expiresAtMs, payload]), randomBytes(NONCE_BYTES)))
    },
    name: (kind, owner, payload) => {
      const plain = JSON.stringify([null, payload])
      const context = contextOf(kind, owner)
      // A nonce made of what is sealed, under a key of its own: it repeats only where the text would be the same.
      const nonce = createHmac('sha256', keyFor(master, Buffer.concat([context, NAMED]))).update(plain).digest().subarray(0, NONCE_BYTES)
      return bounded(encrypt(master, context, plain, nonce))
    },
    open (kind, owner, text) {
      if (typeof text !== 'string' || text.length > MAX_SEALED_CHARS) return undefined
      const bytes = Buffer.from(text, 'base64url')
      // Decoding forgives strange characters and spare bits; a sealed text has one spelling only.
      if (bytes.length < OVERHEAD_BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== text) return undefined
      try {
        return payloadOf(decrypt(master, contextOf(kind, owner), bytes), wallMs())
      } catch {
        return undefined
      }
    }
  }
}

/** What a text is bound to; as JSON, so that no name can imitate a border. */
function contextOf (kind: string, owner: string): Buffer {
  return Buffer.from(JSON.stringify([VERSION, kind, owner]))
}

/**
 * A key for each kind and owner: random nonces are good for 2^32 texts of one key (NIST SP 800-38D 8.3), which a key that
 * replicas share for months would exceed.
 */
function keyFor (master: Buffer, context: Buffer): Buffer {
  return createHmac('sha256', master).update(context).digest()
}

function bounded (bytes: Buffer): string {
  const text = bytes.toString('base64url')
  if (text.length > MAX_SEALED_CHARS) throw new RangeError('too much to seal')
  return text
}

function encrypt (master: Buffer, context: Buffer, plain: string, nonce: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', keyFor(master, context), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(context)
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(VERSION), nonce, body, cipher.getAuthTag()])
}

/** @throws Error when a single bit is not as it was sealed */
function decrypt (master: Buffer, context: Buffer, bytes: Buffer): string {
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', keyFor(master, context), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(context)
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const body = bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES)
  return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
}

function payloadOf (plain: string, nowMs: number): SealedPayload | undefined {
  const [expiresAtMs, payload] = readJson(plain) as [number | null, SealedPayload]
  return expiresAtMs === null || nowMs < expiresAtMs ? payload : undefined
}
