import { refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import type { AuthRefusal, AuthRefusalReason } from './types.ts'

/** A refusal as every check of this room returns it. */
export type Refused = Extract<Result<never, AuthRefusal>, { ok: false }>

/**
 * The catalogue row of each reason. GW_AUTH_INVALID always means that a token was sent, which is what the challenge
 * goes by (RFC 6750 3.1: no error code for a request without one, or with another scheme).
 */
const CODES: Readonly<Record<AuthRefusalReason, AuthRefusal['code']>> = {
  missing: 'GW_AUTH_REQUIRED',
  scheme: 'GW_AUTH_REQUIRED',
  ambiguous: 'GW_AUTH_AMBIGUOUS',
  in_query: 'GW_AUTH_AMBIGUOUS',
  too_large: 'GW_AUTH_INVALID',
  malformed: 'GW_AUTH_INVALID',
  unknown_key: 'GW_AUTH_INVALID',
  wrong_secret: 'GW_AUTH_INVALID',
  unknown_issuer: 'GW_AUTH_INVALID',
  algorithm: 'GW_AUTH_INVALID',
  signature: 'GW_AUTH_INVALID',
  unknown_kid: 'GW_AUTH_INVALID',
  audience: 'GW_AUTH_INVALID',
  expired: 'GW_AUTH_INVALID',
  not_yet_valid: 'GW_AUTH_INVALID',
  claims: 'GW_AUTH_INVALID',
  sender_constrained: 'GW_AUTH_INVALID',
  inactive: 'GW_AUTH_INVALID',
  revoked: 'GW_AUTH_INVALID',
  tenant: 'GW_AUTH_TENANT',
  jwks_unavailable: 'GW_AUTH_UNAVAILABLE',
  introspection_unavailable: 'GW_AUTH_UNAVAILABLE',
  revocations_unknown: 'GW_AUTH_UNAVAILABLE'
}

const made = new Map(Object.entries(CODES).map(([reason, code]) => {
  const error: AuthRefusal = Object.freeze({ code, reason: reason as AuthRefusalReason })
  return [error.reason, Object.freeze(refuse(error))]
}))

/** The one refusal of a reason. Always the same object: refusing costs an attacker's request nothing to allocate. */
export function refused (reason: AuthRefusalReason): Refused {
  return made.get(reason) ?? refuse({ code: CODES[reason], reason })
}
