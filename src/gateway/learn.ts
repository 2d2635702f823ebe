import type { Relay } from '../bridge/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import { looksHashed } from '../routing/index.ts'
import type { SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { GatewayContext } from './context.ts'
import { nameIn } from './feature.ts'
import { learnNamesOf, listOf } from './lists.ts'

/**
 * A name that the aggregate shortened (rulings 5) means something only to who has seen the server's list. Callers keep
 * such names over restarts of the gateway, and plain callers have no lists: then the server is asked here, once per use,
 * charged as a request.
 * @returns undefined = the name is none of those, or the caller asks too much: it is unknown. Settles when names are learned.
 */
export function learnFor (context: GatewayContext, principal: Principal, route: SessionRoute, method: string, params: JsonObject | undefined, relayTo: (server: ServerSettings) => Relay): Promise<void> | undefined {
  const name = nameIn(method, params)
  const list = listOf(method === 'tools/call' ? 'tools/list' : 'prompts/list')
  if (route.kind !== 'aggregate' || method === 'resources/read' || list === undefined || name === undefined || !looksHashed(name)) return undefined
  const server = context.policy.servers(principal).find((allowed) => name.startsWith(`${allowed}__`))
  if (server === undefined || !context.limiter.request(principal).admitted) return undefined
  const settings = context.server(server)
  return learnNamesOf(context, relayTo(settings), settings, list)
}
