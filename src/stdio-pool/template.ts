import { GatewayError } from '../shared/errors.ts'
import type { TenantId, UserId } from '../shared/ids.ts'
import { pathName } from './path-name.ts'

/** The verified identity that a worker is for; what its isolation level does not distinguish is absent. */
export interface LaunchIdentity {
  readonly tenant?: TenantId
  readonly user?: UserId
}

const PLACEHOLDER = /\{(tenant|user)\}/g
/** Every character that {@link pathName} never makes, braces apart: what stands on either side cannot run together. */
const BORDER = /[^A-Za-z0-9._{}-]+/

/** Does the operator's text hold `{tenant}` or `{user}`? */
export function isTemplated (text: string): boolean {
  return text.includes('{tenant}') || text.includes('{user}')
}

/**
 * Fills `{tenant}` and `{user}` with file-system-safe names. `{user}` stays readable only where the same text holds
 * `{tenant}` in a part of its own (`/data/{tenant}/{user}`); alone or run together (`{tenant}-{user}`) it carries a
 * hash of both, because users of two tenants may have the same name. `where` names the key for the operator.
 * @throws GatewayError GW_CONFIG if the isolation level has no such identity
 */
export function fillTemplate (text: string, identity: LaunchIdentity, where: string): string {
  if (!isTemplated(text)) return text
  const tenantApart = text.split(BORDER).some((part) => part.includes('{tenant}') && !part.includes('{user}'))
  return text.replace(PLACEHOLDER, (_match, kind: string) => {
    const { tenant, user } = identity
    if (tenant === undefined) throw missing(kind, where)
    if (kind === 'tenant') return pathName([tenant], true)
    if (user === undefined) throw missing(kind, where)
    return pathName([tenant, user], tenantApart)
  })
}

function missing (kind: string, where: string): GatewayError {
  const levels = kind === 'user' ? 'user, session or call' : 'tenant, user, session or call'
  return new GatewayError('GW_CONFIG', { reason: `${where} holds {${kind}}: that needs isolation ${levels}` })
}
