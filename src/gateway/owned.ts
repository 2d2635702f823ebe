import { isOwnedBy, ownerOfKey, type OwnerKey } from '../replicas/index.ts'
import { brandAs, type TenantId, type UserId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
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
