import type { Relay } from '../bridge/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import { looksHashed, serverOfName } from '../routing/index.ts'
import type { SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { GatewayContext } from './context.ts'
import { nameIn } from './feature.ts'
import { PROMPTS, TOOLS } from './lists/list-method.ts'
import { readList } from './lists/read-list.ts'

/**
 * A name that the aggregate shortened (rulings 5) means something only to who has seen the server's list. Callers keep
 * such names over restarts of the gateway, and plain callers have no lists: then the server is asked here, once for each
 * of its users, charged as a request.
 * @returns undefined = there is nothing to learn, or the caller asks too much. Settles when names are learned, if they are.
 */
export function learnFor (context: GatewayContext, principal: Principal, route: SessionRoute, method: string, params: JsonObject | undefined, relayTo: (server: ServerSettings) => Relay): Promise<void> | undefined {
  if (route.kind !== 'aggregate' || method === 'resources/read') return undefined
  const name = nameIn(method, params)
  if (name === undefined || !looksHashed(name)) return undefined
  const list = method === 'tools/call' ? TOOLS : PROMPTS
  const found = serverOfName(name, context.policy.servers(principal))
  if (found === undefined) return undefined
  const server = context.server(found)
  if (context.lists.known.has(server, principal, list)) return undefined
  const read = async (): Promise<void> => { await readList(context, { principal }, relayTo(server), server, list).settled }
  const decision = context.limiter.request(principal)
  if (decision instanceof Promise) return decision.then((late) => late.admitted ? read() : undefined)
  return decision.admitted ? read() : undefined
}
