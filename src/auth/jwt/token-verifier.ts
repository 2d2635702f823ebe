import type { KeyObject } from 'node:crypto'
import { compactVerify } from 'jose'
import type { CryptoKey } from 'jose'
import type { Clock } from '../../shared/clock.ts'
import type { Judged, Verdict } from '../judged.ts'
import { refused } from '../refused.ts'
import type { AuthRefusalReason } from '../types.ts'
import { checkClaims, endpointsNamed, isAccessTokenType } from './claims.ts'
import type { Issuer } from './issuers.ts'
import { claim } from './parse.ts'
import type { JsonObject, ParsedToken } from './parse.ts'

/** Key ids are looked up and nothing else; longer ones are not even looked up (T07). */
const MAX_KID_CHARS = 256

/**
 * What can be refused before any cryptography. Of the header only `alg`, `kid` and `typ` are read: `jku`, `jwk`, `x5u`
 * and `x5c` are another's idea of which key to trust (RFC 8725 3.10, T06). Nothing critical is understood here.
 */
export function checkHeader (header: JsonObject, algorithms: ReadonlySet<string>, atJwtOnly: boolean): AuthRefusalReason | undefined {
  const alg = claim(header, 'alg')
  if (typeof alg !== 'string' || !algorithms.has(alg)) return 'algorithm'
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return 'malformed'
  const kid = claim(header, 'kid')
  if (kid !== undefined && typeof kid !== 'string') return 'malformed'
  if (kid !== undefined && kid.length > MAX_KID_CHARS) return 'unknown_kid'
  return isAccessTokenType(claim(header, 'typ'), atJwtOnly) ? undefined : 'claims'
}

/**
 * Key, signature, claims, identity, in this order: reasons in the log are about tokens that the issuer really made.
 * @param identify called when everything else holds
 */
export async function judgeToken ({ text, header, payload }: ParsedToken, issuer: Issuer, clock: Clock, identify: () => Verdict): Promise<Judged> {
  const alg = String(header['alg'])
  const kid = claim(header, 'kid')
  const key = await issuer.key(typeof kid === 'string' ? kid : undefined, alg)
  if (typeof key === 'string') return { verdict: refused(key) }
  if (!await signatureHolds(text, key, alg)) return { verdict: refused('signature') }
  const wrong = checkClaims(payload, issuer.audience, clock.wallMs())
  if (wrong !== undefined) return { verdict: refused(wrong) }
  const only = endpointsNamed(payload, issuer.audience)
  return { verdict: identify(), ...(only === undefined ? {} : { only }) }
}

/** Any error of the library is a signature that does not hold. */
async function signatureHolds (text: string, key: CryptoKey | KeyObject, alg: string): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}
