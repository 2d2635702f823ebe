import { isOwnedBy, ownerOfKey, type OwnerKey } from '../replicas/index.ts'
import { brandAs, type TenantId, type UserId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { SessionRoute } from '../session/index.ts'
import type { PlaceOwner } from '../upstream/index.ts'
import type { GatewayContext } from './context.ts'

/** Does anything of this owner key live here: a session, a subscription, a call that waits for answers, a worker? */
export function hasOwned ({ sessions, listens, parks, connections }: GatewayContext, key: OwnerKey): boolean {
  const isTheirs = (principal: Principal): boolean => isOwnedBy(key, principal)
  return [...sessions].some(({ principal }) => isTheirs(principal)) || listens.some(isTheirs) || parks.some(isTheirs) || connections.hasOwned(placeOwner(key))
}

/** Ends all of it: another replica serves them now (FR30). Resolves when their workers are gone; calls in flight were answered. */
export async function endOwned ({ sessions, listens, parks, connections }: GatewayContext, key: OwnerKey): Promise<void> {
  const isTheirs = (principal: Principal): boolean => isOwnedBy(key, principal)
  for (const session of [...sessions]) if (isTheirs(session.principal)) sessions.close(session, 'draining')
  listens.endAll(isTheirs)
  parks.endOf(isTheirs)
  await connections.endOwned(placeOwner(key))
}

function placeOwner (key: OwnerKey): PlaceOwner {
  const [tenant = '', user] = ownerOfKey(key)
  return { tenant: brandAs<TenantId>(tenant), ...(user === undefined ? {} : { user: brandAs<UserId>(user) }) }
}

/** Whose calls and requests are under way: user keys, and tenant keys where a tenant shares a worker. A caller may be named twice. */
export function busyOwners ({ sessions, connections }: GatewayContext): OwnerKey[] {
  const ofSessions = [...sessions].filter(({ isBusy }) => isBusy).map(({ principal }) => principal.userKey)
  const ofWorkers = connections.status().filter(({ inFlight }) => inFlight > 0).flatMap(({ tenant, user }) => {
    if (tenant === undefined) return []
    return [JSON.stringify(user === undefined ? [tenant] : [tenant, user])]
  })
  return [...ofSessions, ...ofWorkers]
}

/** Sends away whoever is nobody's in particular and has nothing under way: others serve them as well as this replica (FR31). */
export function endUnowned ({ sessions, listens }: GatewayContext, isUnowned: (principal: Principal, route: SessionRoute) => boolean): void {
  for (const session of [...sessions]) if (!session.isBusy && isUnowned(session.principal, session.route)) sessions.close(session, 'draining')
  listens.endAll((principal, route) => isUnowned(principal, route))
}
