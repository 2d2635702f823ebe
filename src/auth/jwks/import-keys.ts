import { importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { KEY_SHAPES } from '../jwt/algorithms.ts'
import { isObject } from '../jwt/parse.ts'
import type { JsonObject } from '../jwt/parse.ts'

/** A public key, good for one algorithm. */
export interface VerificationKey {
  readonly kid: string | undefined
  readonly alg: string
  readonly key: CryptoKey
}

/** Issuers publish two to ten keys; more than this is not looked at. */
const MAX_KEYS = 64
/** RFC 7518 3.3. */
const MIN_RSA_BITS = 2048

/**
 * Imports what of a fetched key set can verify the given algorithms, each key once per algorithm. A key that is for
 * something else, private, too short or broken is passed over: one bad entry must not take the others with it.
 * @throws Error if it is no key set, or nothing in it can be used
 */
export async function importKeys (fetched: unknown, algorithms: Iterable<string>): Promise<readonly VerificationKey[]> {
  if (!isObject(fetched) || !Array.isArray(fetched['keys'])) throw new Error('the answer is not a key set')
  const entries = fetched['keys'].slice(0, MAX_KEYS).filter(isObject)
  const fitting = [...algorithms].flatMap((alg) => entries.filter((jwk) => fits(jwk, alg)).map((jwk) => importKey(jwk, alg)))
  const keys = (await Promise.all(fitting)).filter((key) => key !== undefined)
  if (keys.length === 0) throw new Error('the key set holds no key for the algorithms of this issuer')
  return keys
}

/** May this key verify this algorithm? Its type and curve must, and its use, operations and algorithm if it names them (RFC 7517 4). */
function fits (jwk: JsonObject, alg: string): boolean {
  const shape = KEY_SHAPES.get(alg)
  if (shape === undefined || jwk['kty'] !== shape.kty) return false
  if (shape.crv !== undefined && jwk['crv'] !== shape.crv) return false
  if (Object.hasOwn(jwk, 'd')) return false
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return false
  const operations = jwk['key_ops']
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return false
  return jwk['alg'] === undefined || jwk['alg'] === alg || (shape.kty === 'OKP' && KEY_SHAPES.get(String(jwk['alg'])) === shape)
}

async function importKey (jwk: JsonObject, alg: string): Promise<VerificationKey | undefined> {
  const { kty, n, e, crv, x, y } = jwk as JWK
  const wanted = { kty, n, e, crv, x, y }
  const parts = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  try {
    const key = await importJWK(parts as JWK, alg)
    if (key instanceof Uint8Array) return undefined
    const bits = (key.algorithm as { modulusLength?: number }).modulusLength
    if (bits !== undefined && bits < MIN_RSA_BITS) return undefined
    return { kid: typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined, alg, key }
  } catch {
    return undefined
  }
}
