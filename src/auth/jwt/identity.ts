import { brandAs } from '../../shared/ids.ts'
import type { TenantId } from '../../shared/ids.ts'
import { ok } from '../../shared/result.ts'
import type { TokenIdentitySettings } from '../../shared/settings/auth.ts'
import type { Verdict } from '../judged.ts'
import { makePrincipal } from '../make-principal.ts'
import { refused } from '../refused.ts'
import { SKEW_S } from './claims.ts'
import { claim } from './parse.ts'
import type { JsonObject } from './parse.ts'

/** Whom an issuer may name. */
export interface TokenIdentity {
  readonly settings: TokenIdentitySettings
  /** How names begin that belong to other issuers of the same tenant. */
  readonly foreignPrefixes: readonly string[]
}

/** Names go into logs, file names and headers of other rooms; no issuer's names are longer. */
const MAX_NAME_CHARS = 256

/**
 * Makes the principal of a payload whose signature and claims hold. A tenant that is missing or not allowed is a 403
 * (the caller is known, and has no place here); a missing user is a 401, because there is nobody to be (T04), and so is
 * a name that belongs to another issuer.
 * @param digest the token's SHA-256, for tokens without `jti`
 */
export function readIdentity (payload: JsonObject, { settings, foreignPrefixes }: TokenIdentity, digest: string): Verdict {
  const tenant = readTenant(payload, settings)
  if (tenant === undefined) return refused('tenant')
  const user = claim(payload, settings.userClaim)
  const scopes = readWords(claim(payload, settings.scopeClaim))
  const roles = readRoles(payload, settings)
  if (!isName(user) || scopes === 'wrong' || roles === 'wrong') return refused('claims')
  const name = settings.userPrefix + user
  if (foreignPrefixes.some((prefix) => name.startsWith(prefix))) return refused('claims')
  const clientId = claim(payload, 'client_id') ?? claim(payload, 'azp')
  const jti = claim(payload, 'jti')
  return ok(makePrincipal({
    issuer: settings.issuer,
    tenant,
    user: name,
    clientId: isName(clientId) ? clientId : '',
    credentialId: isName(jti) ? jti : `sha256:${digest.slice(0, 16)}`,
    scopes,
    roles,
    expiresAtMs: (Number(claim(payload, 'exp')) + SKEW_S) * 1000
  }))
}

/** The issuer's fixed tenant, or the claim if the issuer may speak for it. Without a list it may speak for any. */
function readTenant (payload: JsonObject, { tenant, tenants, tenantClaim }: TokenIdentitySettings): TenantId | undefined {
  if (tenant !== undefined) return tenant
  const named = claim(payload, tenantClaim)
  if (!isName(named)) return undefined
  const id = brandAs<TenantId>(named)
  return tenants === undefined || tenants.includes(id) ? id : undefined
}

/**
 * Roles count where the operator names their claim, because tokens have such claims for other services too; there, a token
 * without it has none, so that leaving it out opens nothing (T04).
 */
function readRoles (payload: JsonObject, { rolesClaim }: TokenIdentitySettings): readonly string[] | undefined | 'wrong' {
  return rolesClaim === undefined ? undefined : readWords(claim(payload, rolesClaim)) ?? []
}

/**
 * Scopes or roles: a space-separated string (RFC 8693 4.2) or an array of strings. Absent = all scopes (rulings 2);
 * present in any other shape is refused, so that a list nobody can read never opens everything.
 */
export function readWords (value: unknown): readonly string[] | undefined | 'wrong' {
  if (value === undefined) return undefined
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  return isStrings(value) ? value : 'wrong'
}

function isStrings (value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((word) => typeof word === 'string')
}

/** Usable as a name: text, not empty, not endless, without control characters, and encodable without loss. */
export function isName (value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_CHARS && !/\p{Cc}/u.test(value) && value.isWellFormed()
}
