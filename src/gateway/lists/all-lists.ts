import { errorReply, type JsonObject } from '../../protocol/index.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { GatewayContext } from '../context.ts'
import { openCursor, sealCursor } from './cursor.ts'
import { inLanes } from './in-lanes.ts'
import type { ListCaller, ListReply } from './list-caller.ts'
import type { ListMethod } from './list-method.ts'
import { cutPage, type Position } from './list-page.ts'
import { partOf, type ListPart } from './list-part.ts'
import { shortestTtl } from './ttl.ts'
import { visibleItems } from './visible-items.ts'

/** Servers that are asked for their lists at once. */
const LANES = 16
/** What the aggregate's list takes at most, however many of its servers are late. */
const TOTAL_MS = 20_000

/** Where the result's `_meta` tells what is not as it should be: `{ down, stale, partial }`, each with names of servers, in the order of the config. */
const SERVERS_KEY = 'io.drawbridge/servers'

/**
 * Everything the principal may see, over all servers at once: in the order of the config, then in each server's own. A server
 * that is down or late is shown as it last was, or not at all, and `_meta` says which; list_changed says when that is over.
 * Long lists come in pages.
 */
export async function listOfAll (context: GatewayContext, caller: ListCaller, list: ListMethod, params: JsonObject | undefined): Promise<ListReply> {
  const position = positionOf(context, caller, list, params?.['cursor'])
  if (position === 'foreign') return errorReply('GW_ROUTE_CURSOR')
  const allowed = context.policy.servers(caller.principal)
  const first = position === undefined ? 0 : allowed.indexOf(position.server)
  if (first === -1) return errorReply('GW_ROUTE_CURSOR')
  const wanted = { list, endMs: context.nowMs() + TOTAL_MS, isContinued: position !== undefined }
  const parts = await inLanes(LANES, allowed.slice(first), (name) => partOf(context, caller, context.server(name), wanted))
  const sources = parts.map(({ server, list: { items }, state }) => ({
    server: server.name,
    items: visibleItems(context, caller.principal, server.name, list, items),
    isMissing: state === 'down'
  }))
  const page = cutPage(list, sources, position?.after)
  if (page === undefined) return errorReply('GW_ROUTE_CURSOR')
  const next = page.next && { nextCursor: sealCursor(context.sealer, caller, list, { ...page.next }) }
  return withTtl({ [list.member]: page.items, ...next, ...statusMeta(parts) }, parts)
}

/** Undefined = from the beginning. */
function positionOf (context: GatewayContext, caller: ListCaller, list: ListMethod, cursor: unknown): Position | 'foreign' | undefined {
  if (cursor === undefined) return undefined
  const payload = openCursor(context.sealer, caller, list, cursor)
  return payload === undefined ? 'foreign' : { server: payload['server'] as ServerName, after: payload['after'] as string }
}

/** Only servers that the principal may use are parts (T25). */
function statusMeta (parts: readonly ListPart[]): { readonly _meta?: JsonObject } {
  const servers: Record<string, ServerName[]> = {}
  for (const { server, state } of parts) {
    if (state !== 'fresh') (servers[state] ??= []).push(server.name)
  }
  return Object.keys(servers).length === 0 ? {} : { _meta: { [SERVERS_KEY]: servers } }
}

function withTtl (result: JsonObject, parts: readonly ListPart[]): ListReply {
  const isComplete = parts.every(({ state }) => state === 'fresh')
  const ttlMs = isComplete ? shortestTtl(parts.map(({ list }) => list.ttlMs)) : 0
  return ttlMs === undefined ? { result } : { result, ttlMs }
}
