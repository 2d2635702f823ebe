import { hash } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import type { Principal } from '../shared/principal.ts'
import { ok } from '../shared/result.ts'
import type { Endpoints } from './endpoints.ts'
import type { Introspectors } from './introspection/introspectors.ts'
import { verdictAt } from './judged.ts'
import type { Judged, Verdict } from './judged.ts'
import { readIdentity } from './jwt/identity.ts'
import type { Issuer } from './jwt/issuers.ts'
import { claim, parseToken } from './jwt/parse.ts'
import type { ParsedToken } from './jwt/parse.ts'
import { checkHeader, judgeToken } from './jwt/token-verifier.ts'
import type { OwnTokens } from './own/own-tokens.ts'
import { refused } from './refused.ts'
import type { Refused } from './refused.ts'
import { createVerdicts } from './verdicts.ts'

/** What tells who presents a bearer token. */
export interface BearerParts {
  readonly clock: Clock
  readonly issuers: ReadonlyMap<string, Issuer>
  readonly introspectors: Introspectors
  /** Tokens that the gateway issued itself; absent = it issues none. */
  readonly own: OwnTokens | undefined
  readonly endpoints: Endpoints | undefined
}

/** Verifies bearer tokens. */
export interface BearerTokens {
  /**
   * Synchronous for a token whose verdict is known, and for text that is no token of a known issuer.
   * @param target of the request: a token may have been issued for one endpoint
   */
  verify (text: string, target: string): Verdict | Promise<Verdict>
  /** Something was revoked: remembered verdicts are found out anew. */
  lapse (): void
}

/** Finds out about one token; `before` is its principal of an earlier time. */
type Judge = (digest: string, before: Principal | undefined) => Judged | Promise<Judged>

/** Makes the verifier of all issuers. Verdicts are remembered by the SHA-256 of the whole token (T12), and found out once at a time. */
export function createBearerTokens (parts: BearerParts): BearerTokens {
  const { clock, endpoints } = parts
  const verdicts = createVerdicts(clock)
  const underway = new Map<string, Promise<Judged>>()

  async function judge (how: Judge, digest: string): Promise<Judged> {
    try {
      const judged = await how(digest, verdicts.principal(digest))
      verdicts.set(digest, judged)
      return judged
    } finally {
      underway.delete(digest)
    }
  }

  const late = async (judging: Promise<Judged>, target: string): Promise<Verdict> => stillGood(await judging, target)

  function stillGood (judged: Judged, target: string): Verdict {
    if (judged.isOwn === true && judged.verdict.ok && parts.own?.isUnsure === true) return refused('revocations_unknown')
    return verdictAt(judged, target, endpoints)
  }

  return {
    verify (text, target) {
      const digest = hash('sha256', text, 'base64url')
      const known = verdicts.get(digest)
      if (known !== undefined) return stillGood(known, target)
      const begun = underway.get(digest)
      if (begun !== undefined) return late(begun, target)
      const how = judgeOf(text, parts)
      if (typeof how !== 'function') return how
      const judging = judge(how, digest)
      underway.set(digest, judging)
      return late(judging, target)
    },
    lapse: () => { verdicts.lapse() }
  }
}

/**
 * Who can tell about this text: the issuer that it names, and if it names none, the authorization server whose tokens begin
 * so. Nobody else is asked, and no text is shown to two servers.
 */
function judgeOf (text: string, parts: BearerParts): Judge | Refused {
  const { introspectors } = parts
  const token = parseToken(text)
  if (token === undefined) return introspectors.forText(text)?.judge(text) ?? refused('malformed')
  const iss = claim(token.payload, 'iss')
  if (typeof iss !== 'string') return refused('unknown_issuer')
  const { own, issuers } = parts
  if (own !== undefined && iss === own.issuer) return own.judge(token)
  const issuer = issuers.get(iss)
  return issuer === undefined ? introspectors.named(iss)?.judge(text) ?? refused('unknown_issuer') : judgeOfIssuer(token, issuer, parts)
}

function judgeOfIssuer (token: ParsedToken, issuer: Issuer, { clock }: BearerParts): Judge | Refused {
  const wrong = checkHeader(token.header, issuer.algorithms, issuer.settings.atJwtOnly === true)
  if (wrong !== undefined) return refused(wrong)
  return async (digest, before) => await judgeToken(token, issuer, clock, () => before === undefined ? readIdentity(token.payload, issuer, digest) : ok(before))
}
