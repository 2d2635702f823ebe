import { randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { brandAs } from '../../shared/ids.ts'
import type { TenantId } from '../../shared/ids.ts'
import type { Principal } from '../../shared/principal.ts'
import { ok } from '../../shared/result.ts'
import type { Judged, Verdict } from '../judged.ts'
import { checkClaims, SKEW_S } from '../jwt/claims.ts'
import type { Audiences } from '../jwt/claims.ts'
import { isName, readWords } from '../jwt/identity.ts'
import { claim } from '../jwt/parse.ts'
import type { JsonObject, ParsedToken } from '../jwt/parse.ts'
import { checkHeader } from '../jwt/token-verifier.ts'
import { makePrincipal } from '../make-principal.ts'
import { DEFAULT_TOKEN_S } from './mint.ts'
import type { TokenMint } from './mint.ts'
import { refused } from '../refused.ts'
import type { Refused } from '../refused.ts'
import type { Revocations } from '../revocation/revocations.ts'

/** The one algorithm; tokens that name another are refused before any key is looked at (T06). */
const ALGORITHM: ReadonlySet<string> = new Set(['EdDSA'])

/** Signs and verifies with the gateway's own keys; what plugins/external/jwt.ts makes of a third party's library. */
export interface TokenEngine {
  /** A compact JWS over the payload by the newest key. Rejects when there is none. */
  sign (payload: JsonObject): Promise<string>
  /** Does the signature hold, by the key of this id? Unknown ids: false. Looks at nothing else. */
  verify (text: string, kid: string): Promise<boolean>
}

/** Tokens that the gateway issues itself, to backends that call for their users. */
export interface OwnTokens extends TokenMint {
  /** Nobody knows whether they were revoked: they are refused for now. */
  readonly isUnsure: boolean
  judge (token: ParsedToken): ((digest: string, before: Principal | undefined) => Promise<Judged>) | Refused
}

/** What {@link createOwnTokens} needs. */
export interface OwnTokensParts {
  /** `http.publicUrl`. */
  readonly issuer: string
  /** The resource that they are for: the gateway as a whole. */
  readonly audience: string
  readonly engine: TokenEngine
  readonly clock: Clock
  readonly revocations: Pick<Revocations, 'tokenIsRevoked' | 'isUnknown' | 'userRevokedAtMs'>
}

/** Tokens of one issuer and audience: short-lived, by one algorithm, each with an id. */
export function createOwnTokens ({ issuer, audience, engine, clock, revocations }: OwnTokensParts): OwnTokens {
  const audiences: Audiences = { named: new Set([audience]) }

  async function judge (token: ParsedToken, before: Principal | undefined): Promise<Verdict> {
    if (!await engine.verify(token.text, String(token.header['kid']))) return refused('signature')
    const wrong = checkClaims(token.payload, audiences, clock.wallMs())
    if (wrong !== undefined) return refused(wrong)
    const verdict = before === undefined ? identityIn(token.payload, issuer) : ok(before)
    return verdict.ok && revocations.tokenIsRevoked(verdict.value) ? refused('revoked') : verdict
  }

  return {
    issuer,
    get isUnsure () { return revocations.isUnknown },
    judge (token) {
      const wrong = checkHeader(token.header, ALGORITHM, true)
      if (wrong !== undefined) return refused(wrong)
      if (typeof claim(token.header, 'kid') !== 'string') return refused('unknown_kid')
      return async (_digest, before) => ({ verdict: await judge(token, before), isOwn: true })
    },
    async mint ({ tenant, user, scopes, roles, expiresInSeconds = DEFAULT_TOKEN_S }) {
      const jti = randomUUID()
      const nowS = Math.floor(clock.wallMs() / 1000)
      const revokedAtMs = revocations.userRevokedAtMs(tenant, user)
      // Times of tokens are whole seconds: one made just after its user was revoked must not look older than that.
      const iat = revokedAtMs === undefined ? nowS : Math.max(nowS, Math.floor(revokedAtMs / 1000) + 1)
      const token = await engine.sign({
        iss: issuer,
        aud: audience,
        sub: user,
        tenant,
        jti,
        iat,
        exp: nowS + expiresInSeconds,
        ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
        ...(roles === undefined ? {} : { roles: [...roles] })
      })
      return { token, expiresInSeconds, jti }
    }
  }
}

/** Made by {@link OwnTokens.mint}, so what is missing means that it was not. */
function identityIn (payload: JsonObject, issuer: string): Verdict {
  const [tenant, user, jti, iat, exp] = ['tenant', 'sub', 'jti', 'iat', 'exp'].map((name) => claim(payload, name))
  const scopes = readWords(claim(payload, 'scope'))
  const roles = readWords(claim(payload, 'roles'))
  if (!isName(tenant) || !isName(user) || !isName(jti) || typeof iat !== 'number' || scopes === 'wrong' || roles === 'wrong') return refused('claims')
  return ok(makePrincipal({
    issuer,
    tenant: brandAs<TenantId>(tenant),
    user,
    clientId: '',
    credentialId: jti,
    scopes,
    roles,
    expiresAtMs: (Number(exp) + SKEW_S) * 1000,
    issuedAtMs: iat * 1000
  }))
}
