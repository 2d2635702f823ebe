import { GatewayError } from '../shared/errors.ts'
import { brandAs } from '../shared/ids.ts'
import type { TenantId, UserId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'

/** The issuer of principals that came by an API key; no JWT issuer may have this name. */
export const API_KEY_ISSUER = 'apikey'

/** What a verified credential says. */
export interface VerifiedIdentity {
  readonly issuer: string
  readonly tenant: TenantId
  readonly user: string
  readonly clientId: string
  readonly credentialId: string
  readonly scopes?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  readonly callsPerMinute?: number | undefined
  readonly issuedAtMs?: number | undefined
  readonly expiresAtMs?: number | undefined
}

/**
 * Makes the frozen principal of a verified credential: the only place where one is made (T04). The joined keys are JSON
 * arrays, so no choice of names makes two identities read the same.
 * @throws GatewayError GW_CONFIG for an empty tenant or user: there is no anonymous principal
 */
export function makePrincipal (identity: VerifiedIdentity): Principal {
  const { issuer, tenant, user, clientId, credentialId, scopes, roles, callsPerMinute, expiresAtMs, issuedAtMs } = identity
  if (tenant === '' || user === '') throw new GatewayError('GW_CONFIG', { reason: `${credentialId}: tenant and user must not be empty` })
  return Object.freeze({
    issuer,
    tenant,
    user: brandAs<UserId>(user),
    clientId,
    credentialId,
    ...(scopes === undefined ? {} : { scopes: Object.freeze([...scopes]) }),
    ...(roles === undefined ? {} : { roles: Object.freeze([...roles]) }),
    ...(callsPerMinute === undefined ? {} : { callsPerMinute }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(issuedAtMs === undefined ? {} : { issuedAtMs }),
    ownerKey: JSON.stringify([issuer, tenant, user, clientId]),
    userKey: JSON.stringify([tenant, user])
  })
}
