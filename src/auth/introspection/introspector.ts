import type { Clock } from '../../shared/clock.ts'
import type { Principal } from '../../shared/principal.ts'
import { ok } from '../../shared/result.ts'
import type { IntrospectionSettings, TokenIdentitySettings } from '../../shared/settings/auth.ts'
import type { Endpoints } from '../endpoints.ts'
import { openIssuerLine } from '../http/issuer-line.ts'
import type { IssuerLine } from '../http/issuer-line.ts'
import type { Judged } from '../judged.ts'
import { checkClaims, endpointsNamed } from '../jwt/claims.ts'
import type { Audiences } from '../jwt/claims.ts'
import { foreignPrefixesOf } from '../jwt/foreign-prefixes.ts'
import { readIdentity } from '../jwt/identity.ts'
import type { TokenIdentity } from '../jwt/identity.ts'
import { audiencesFor } from '../jwt/issuers.ts'
import { claim, isObject } from '../jwt/parse.ts'
import type { JsonObject } from '../jwt/parse.ts'
import { refused } from '../refused.ts'
import type { AuthEvents, AuthRefusalReason } from '../types.ts'
import { createPatience } from './patience.ts'

/** A token that was revoked is refused after this at the latest (T16). */
export const ACTIVE_MS = 30_000
/** An answer that takes longer has not come. */
export const ASK_TIMEOUT_MS = 5_000
/** Answers are claims, not documents. */
const MAX_ANSWER_BYTES = 65_536
/** Shorter than what any server makes: not worth a question. */
const MIN_TOKEN_CHARS = 16
/** Made-up tokens must not become a queue before the server: beyond this many at a time, 503. */
const MAX_UNDERWAY = 64
/** RFC 6749 A.17: visible ASCII. */
const TOKEN = /^[\x20-\x7e]+$/

/** What all introspectors share. */
export interface IntrospectorParts {
  readonly clock: Clock
  readonly events: AuthEvents | undefined
  readonly endpoints: Endpoints | undefined
  readonly all: readonly TokenIdentitySettings[]
}

/** Asks one authorization server about tokens (RFC 7662). */
export interface Introspector {
  /** What finds out about this token. */
  judge (text: string): (digest: string, before: Principal | undefined) => Promise<Judged>
  close (): void
}

/** Opens no connection yet. What cannot be asked is 503 and never accepted, and is not asked again at once (T16). */
export function createIntrospector (settings: IntrospectionSettings, { clock, events, endpoints, all }: IntrospectorParts): Introspector {
  const audience = audiencesFor(settings, endpoints)
  const identity: TokenIdentity = { settings, foreignPrefixes: foreignPrefixesOf(settings, all) }
  const authorization = basic(settings.clientId, settings.clientSecret)
  const closing = new AbortController()
  const patience = createPatience(clock)
  let line: IssuerLine | undefined
  let underway = 0

  async function ask (text: string): Promise<unknown> {
    line ??= openIssuerLine(settings.endpoint, settings)
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)])
    return await line.ask({ signal, authorization, maxBytes: MAX_ANSWER_BYTES, form: new URLSearchParams({ token: text, token_type_hint: 'access_token' }).toString() })
  }

  async function answerTo (text: string): Promise<JsonObject | 'introspection_unavailable'> {
    if (patience.isOut || underway >= MAX_UNDERWAY) return 'introspection_unavailable'
    underway++
    try {
      const answer = await ask(text)
      if (!isObject(answer) || typeof answer['active'] !== 'boolean') throw new Error('the answer does not say whether the token is active')
      patience.restore()
      events?.introspected?.(settings.issuer, 'ok')
      return answer
    } catch (error) {
      patience.lose()
      events?.introspected?.(settings.issuer, 'failed', error instanceof Error ? error.message : String(error))
      return 'introspection_unavailable'
    } finally {
      underway--
    }
  }

  return {
    judge: (text) => async (digest, before) => {
      if (text.length < MIN_TOKEN_CHARS || !TOKEN.test(text)) return { verdict: refused('malformed') }
      const answer = await answerTo(text)
      if (answer === 'introspection_unavailable') return { verdict: refused(answer) }
      const wrong = checkAnswer(answer, settings.issuer, audience, clock.wallMs())
      if (wrong !== undefined) return { verdict: refused(wrong) }
      const only = endpointsNamed(answer, audience)
      return { verdict: before === undefined ? readIdentity(answer, identity, digest) : ok(before), keepMs: ACTIVE_MS, ...(only === undefined ? {} : { only }) }
    },
    close () {
      closing.abort(new Error('the authenticator was closed'))
      line?.close()
    }
  }
}

/** RFC 7662 2.2; `exp` and `aud` have to be there, as in tokens (T09, T10). */
function checkAnswer (answer: JsonObject, issuer: string, audience: Audiences, wallMs: number): AuthRefusalReason | undefined {
  if (answer['active'] !== true) return 'inactive'
  const iss = claim(answer, 'iss')
  if (iss !== undefined && iss !== issuer) return 'unknown_issuer'
  const type = claim(answer, 'token_type')
  // A DPoP or certificate-bound token is worth nothing without its proof (T15).
  if (type !== undefined && (typeof type !== 'string' || !/^bearer$/i.test(type))) return 'sender_constrained'
  return checkClaims(answer, audience, wallMs)
}

/** RFC 6749 2.3.1: both parts as forms write them. */
function basic (id: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`
}
