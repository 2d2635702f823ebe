import type { Endpoints } from '../endpoints.ts'
import type { AuthRefusalReason } from '../types.ts'
import { claim } from './parse.ts'
import type { JsonObject } from './parse.ts'

/** Clocks of issuers differ from ours by this much at most (T10, RFC 7519 4.1.4: "no more than a few minutes"). */
export const SKEW_S = 60

/** Seconds of 31 December 9999; later ends are mistakes and would overflow what is computed from them. */
const LAST_DATE_S = 253_402_300_799

/** Header types of tokens that may be access tokens; anything else was made for another purpose (RFC 8725 3.11, RFC 9068 2.1). */
const ACCESS_TOKEN_TYPES: ReadonlySet<string> = new Set(['jwt', 'application/jwt', 'at+jwt', 'application/at+jwt'])

/** What RFC 9068 2.1 asks for: an issuer that always writes it tells its access tokens from its ID tokens by it. */
const AT_JWT: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt'])

/** Payload types by which Keycloak (`typ`), Cognito and Hydra (`token_use`) mark tokens that are not access tokens. */
const OTHER_PURPOSES: ReadonlySet<unknown> = new Set(['ID', 'id', 'id_token', 'Refresh', 'refresh', 'refresh_token', 'Offline', 'Logout'])

/** Hashes that only ID tokens hold (OpenID Connect Core 3.1.3.6, 3.3.2.11; FAPI s_hash). */
const ID_TOKEN_CLAIMS = ['at_hash', 'c_hash', 's_hash']

/** What tokens may name as their audience. */
export interface Audiences {
  /** Good for the whole gateway. */
  readonly named: ReadonlySet<string>
  /** Of single endpoints; absent = they have no names of their own. */
  readonly endpoints?: Endpoints | undefined
}

/** Checks every claim that does not say who the caller is. `undefined` = all hold. Run it on verified payloads only. */
export function checkClaims (payload: JsonObject, audience: Audiences, wallMs: number): AuthRefusalReason | undefined {
  return checkTimes(payload, wallMs / 1000) ?? checkAudience(payload, audience) ?? checkPurpose(payload)
}

/** `exp` is required and numeric; `nbf` and `iat`, where given, are not in the future (RFC 9068 4, T10). */
function checkTimes (payload: JsonObject, nowS: number): AuthRefusalReason | undefined {
  const exp = claim(payload, 'exp')
  if (!isDate(exp)) return 'claims'
  if (nowS >= exp + SKEW_S) return 'expired'
  for (const name of ['nbf', 'iat']) {
    const value = claim(payload, name)
    if (value === undefined) continue
    if (!isDate(value)) return 'claims'
    if (value > nowS + SKEW_S) return 'not_yet_valid'
  }
  return undefined
}

function isDate (value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value <= LAST_DATE_S
}

/** Whole strings only: no prefixes, no normalised URLs (RFC 8707 2, RFC 9068 4, T09). */
function checkAudience (payload: JsonObject, { named, endpoints }: Audiences): AuthRefusalReason | undefined {
  return audiencesOf(payload).some((one) => named.has(one) || endpoints?.isEndpoint(one)) ? undefined : 'audience'
}

/** The endpoints that a payload with good claims was issued for; undefined = for the whole gateway. */
export function endpointsNamed (payload: JsonObject, { named, endpoints }: Audiences): readonly string[] | undefined {
  const audiences = audiencesOf(payload)
  return audiences.some((one) => named.has(one)) ? undefined : audiences.filter((one) => endpoints?.isEndpoint(one))
}

function audiencesOf (payload: JsonObject): readonly string[] {
  const aud = claim(payload, 'aud')
  const all: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return all.filter((one) => typeof one === 'string')
}

/** ID and refresh tokens are no access tokens (T09); a sender-constrained token is worth nothing without its proof (T15). */
function checkPurpose (payload: JsonObject): AuthRefusalReason | undefined {
  if (Object.hasOwn(payload, 'cnf')) return 'sender_constrained'
  if (ID_TOKEN_CLAIMS.some((name) => Object.hasOwn(payload, name))) return 'claims'
  return OTHER_PURPOSES.has(claim(payload, 'typ')) || OTHER_PURPOSES.has(claim(payload, 'token_use')) ? 'claims' : undefined
}

/** Does the header's `typ` allow an access token? Absent is allowed unless the issuer always says it; case does not matter (RFC 7515 4.1.9). */
export function isAccessTokenType (typ: unknown, atJwtOnly: boolean): boolean {
  if (typ === undefined) return !atJwtOnly
  return typeof typ === 'string' && (atJwtOnly ? AT_JWT : ACCESS_TOKEN_TYPES).has(typ.toLowerCase())
}
