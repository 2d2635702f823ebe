import type { ServerName, TenantId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { Settings } from '../shared/settings.ts'
import type { OwnerKey } from './types.ts'

/**
 * Whose requests belong together, so that they are served by one replica: a pure function of the settings, the caller and
 * the endpoint.
 * @param server of the endpoint; undefined = the aggregate, or whatever is about all of the caller's servers
 * @returns undefined = nobody's: only `shared` servers are reached, and each replica has its own worker of those
 */
export type OwnerKeyOf = (principal: Principal, server: ServerName | undefined) => OwnerKey | undefined

type KeyedBy = Pick<Settings, 'servers' | 'tenants'>

/**
 * Workers of isolation `user`, `session` and `call` belong to (tenant, user). Where the tenant may use any server of isolation
 * `tenant`, all that its users do belongs to (tenant): that server has one worker for the tenant, and a user reaches both it and
 * their own servers through the aggregate. Were only some of a user's endpoints the tenant's, their own servers' workers would
 * run on two replicas, and what such a worker keeps would be there twice (rulings 1).
 */
export function createOwnerKeys ({ servers, tenants }: KeyedBy): OwnerKeyOf {
  const isShared = (name: ServerName): boolean => servers.get(name)?.isolation === 'shared'
  const usedBy = (tenant: TenantId): readonly ServerName[] => [...servers.keys()].filter((name) => tenants?.get(tenant)?.servers?.includes(name) ?? true)
  const byTenant = new Map<TenantId, { readonly whole: boolean, readonly onlyShared: boolean }>()
  const ofTenant = (tenant: TenantId): { readonly whole: boolean, readonly onlyShared: boolean } => {
    const known = byTenant.get(tenant)
    if (known !== undefined) return known
    const used = usedBy(tenant)
    const made = { whole: used.some((name) => servers.get(name)?.isolation === 'tenant'), onlyShared: used.every(isShared) }
    if (byTenant.size >= MAX_REMEMBERED) byTenant.clear()
    byTenant.set(tenant, made)
    return made
  }
  return (principal, server) => {
    const { whole, onlyShared } = ofTenant(principal.tenant)
    if (server === undefined ? onlyShared : isShared(server)) return undefined
    return whole ? tenantKey(principal.tenant) : principal.userKey
  }
}

/** Tenants that tokens name may be more than are configured. */
const MAX_REMEMBERED = 10_000

/** The key of a whole tenant; a user's is the principal's own `userKey`, so that neither can imitate the other. */
export function tenantKey (tenant: TenantId): OwnerKey {
  return JSON.stringify([tenant])
}

/** Whose key it is: [tenant], or [tenant, user]. */
export function ownerOfKey (key: OwnerKey): readonly string[] {
  return JSON.parse(key) as string[]
}

/** Is what belongs to this tenant and user part of the key? */
export function isOwnedBy (key: OwnerKey, { tenant, userKey }: Pick<Principal, 'tenant' | 'userKey'>): boolean {
  return key === userKey || key === tenantKey(tenant)
}
