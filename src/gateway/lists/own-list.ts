import { errorReply, type JsonObject } from '../../protocol/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { GatewayContext } from '../context.ts'
import { withSealedCursor, withServersCursor } from './cursor.ts'
import type { ListCaller, ListReply } from './list-caller.ts'
import type { ListMethod } from './list-method.ts'
import { ownPage } from './own-page.ts'
import { visibleItems } from './visible-items.ts'

/**
 * A server's own list at its own endpoint: one page as it came, less what the principal may not see, the server's cursor
 * sealed. A page of which nothing may be seen is empty and still has its cursor.
 */
export async function listOfServer (context: GatewayContext, caller: ListCaller, server: ServerSettings, list: ListMethod, params: JsonObject | undefined): Promise<ListReply> {
  const inner = withServersCursor(context.sealer, caller, list, params)
  if (inner === 'foreign') return errorReply('GW_ROUTE_CURSOR')
  const page = await ownPage(context, caller.principal, caller.relayTo(server), server, list, inner)
  if ('failed' in page) return page.failed
  const items = page.result[list.member]
  if (Array.isArray(items)) context.lists.known.sawPage(server, caller.principal, list, items, inner?.['cursor'] === undefined && page.result['nextCursor'] === undefined)
  const shown = withSealedCursor(context.sealer, caller, list, server.name, withoutHidden(context, caller, server, list, page.result))
  if (shown === undefined) return errorReply('GW_UPSTREAM_PROTOCOL')
  return page.ttlMs === undefined ? { result: shown } : { result: shown, ttlMs: page.ttlMs }
}

/** Left alone, and by reference, when nothing has to be hidden. */
function withoutHidden (context: GatewayContext, { principal }: ListCaller, server: ServerSettings, list: ListMethod, result: JsonObject): JsonObject {
  const items = result[list.member]
  if (!Array.isArray(items)) return result
  const visible = visibleItems(context, principal, server.name, list, items)
  return visible.length === items.length ? result : { ...result, [list.member]: visible }
}
