import { identityOf } from '../../routing/index.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { Principal } from '../../shared/principal.ts'
import type { GatewayContext } from '../context.ts'
import type { ListMethod } from './list-method.ts'

/** The items of a server's list that the principal may see (T54); what has no name or URI is left out, because no rule can match it. */
export function visibleItems (context: GatewayContext, principal: Principal, server: ServerName, list: ListMethod, items: readonly unknown[]): unknown[] {
  return items.filter((item) => {
    const identity = identityOf(list.member, item)
    return identity !== undefined && context.policy.visible(principal, server, list.kind, identity)
  })
}
