import type { Relay } from '../bridge/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import { looksHashed } from '../routing/index.ts'
import type { SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { GatewayContext } from './context.ts'
import { nameIn } from './feature.ts'
import { learnNamesOf, listOf } from './lists.ts'

/** Users of servers whose names were learned, at most; beyond it all are asked again. */
const MAX_LEARNED = 10_000

/**
 * A name that the aggregate shortened (rulings 5) means something only to who has seen the server's list. Callers keep
 * such names over restarts of the gateway, and plain callers have no lists: then the server is asked here, once for each
 * of its users, charged as a request.
 * @returns undefined = there is nothing to learn, or the caller asks too much. Settles when names are learned, if they are.
 */
export function learnFor (context: GatewayContext, principal: Principal, route: SessionRoute, method: string, params: JsonObject | undefined, relayTo: (server: ServerSettings) => Relay): Promise<void> | undefined {
  if (route.kind !== 'aggregate' || method === 'resources/read') return undefined
  const name = nameIn(method, params)
  const list = listOf(method === 'tools/call' ? 'tools/list' : 'prompts/list')
  if (name === undefined || list === undefined || !looksHashed(name)) return undefined
  const server = context.policy.servers(principal).find((allowed) => name.startsWith(`${allowed}__`))
  const key = JSON.stringify([server, list.method, principal.userKey])
  if (server === undefined || context.learned.has(key) || !context.limiter.request(principal).admitted) return undefined
  const settings = context.server(server)
  return learnNamesOf(context, relayTo(settings), settings, list).then((isLearned) => {
    if (context.learned.size >= MAX_LEARNED) context.learned.clear()
    if (isLearned) context.learned.add(key)
  })
}
