import { hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { compactVerify } from 'jose'
import type { CryptoKey } from 'jose'
import type { Clock } from '../../shared/clock.ts'
import type { Principal } from '../../shared/principal.ts'
import { ok } from '../../shared/result.ts'
import type { Result } from '../../shared/result.ts'
import { refused } from '../refused.ts'
import type { AuthRefusal, AuthRefusalReason } from '../types.ts'
import { checkClaims, isAccessTokenType } from './claims.ts'
import { readIdentity } from './identity.ts'
import type { Issuer } from './issuers.ts'
import { claim, parseToken } from './parse.ts'
import type { JsonObject, ParsedToken } from './parse.ts'
import { createVerdicts } from './verdicts.ts'

type Verdict = Result<Principal, AuthRefusal>

/** Verifies JWTs. */
export interface TokenVerifier {
  /** Synchronous for a token whose verdict is known, and for text that is no token of a known issuer. */
  verify (text: string): Verdict | Promise<Verdict>
}

/** Key ids are looked up and nothing else; longer ones are not even looked up (T07). */
const MAX_KID_CHARS = 256

/** Makes the verifier of all issuers. Verdicts are remembered by the SHA-256 of the whole token (T12). */
export function createTokenVerifier (issuers: ReadonlyMap<string, Issuer>, clock: Clock): TokenVerifier {
  const verdicts = createVerdicts(clock)
  const underway = new Map<string, Promise<Verdict>>()

  async function judge (token: ParsedToken, issuer: Issuer, digest: string): Promise<Verdict> {
    try {
      const verdict = await verifyToken(token, issuer, clock, () => {
        const before = verdicts.principal(digest)
        return before === undefined ? readIdentity(token.payload, issuer, digest) : ok(before)
      })
      verdicts.set(digest, verdict)
      return verdict
    } finally {
      underway.delete(digest)
    }
  }

  return {
    verify (text) {
      const digest = hash('sha256', text, 'base64url')
      const known = verdicts.get(digest) ?? underway.get(digest)
      if (known !== undefined) return known
      const token = parseToken(text)
      if (token === undefined) return refused('malformed')
      const iss = claim(token.payload, 'iss')
      const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined
      if (issuer === undefined) return refused('unknown_issuer')
      const wrong = checkHeader(token.header, issuer)
      if (wrong !== undefined) return refused(wrong)
      const verdict = judge(token, issuer, digest)
      underway.set(digest, verdict)
      return verdict
    }
  }
}

/**
 * What can be refused before any cryptography. Of the header only `alg`, `kid` and `typ` are read: `jku`, `jwk`, `x5u`
 * and `x5c` are another's idea of which key to trust (RFC 8725 3.10, T06). Nothing critical is understood here.
 */
function checkHeader (header: JsonObject, { algorithms, settings }: Issuer): AuthRefusalReason | undefined {
  const alg = claim(header, 'alg')
  if (typeof alg !== 'string' || !algorithms.has(alg)) return 'algorithm'
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return 'malformed'
  const kid = claim(header, 'kid')
  if (kid !== undefined && typeof kid !== 'string') return 'malformed'
  if (kid !== undefined && kid.length > MAX_KID_CHARS) return 'unknown_kid'
  return isAccessTokenType(claim(header, 'typ'), settings.atJwtOnly === true) ? undefined : 'claims'
}

/** Key, signature, claims, identity, in this order: reasons in the log are about tokens that the issuer really made. */
async function verifyToken ({ text, header, payload }: ParsedToken, issuer: Issuer, clock: Clock, identify: () => Verdict): Promise<Verdict> {
  const alg = String(header['alg'])
  const kid = claim(header, 'kid')
  const key = await issuer.key(typeof kid === 'string' ? kid : undefined, alg)
  if (typeof key === 'string') return refused(key)
  if (!await signatureHolds(text, key, alg)) return refused('signature')
  const wrong = checkClaims(payload, issuer.audience, clock.wallMs())
  return wrong === undefined ? identify() : refused(wrong)
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
