import { errorReply, isJsonObject, LOG_LEVELS, type JsonObject, type Reply } from '../protocol/index.ts'
import { splitAggregateUri } from '../routing/index.ts'
import type { Session } from '../session/index.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { Turn, GatewayContext } from './context.ts'
import { askServer } from './one-shot.ts'

/** resources/subscribe and resources/unsubscribe: counted per worker, because several sessions share one connection. */
export async function changeSubscription (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): Promise<Reply> {
  const target = resourceOf(context, turn, params?.['uri'])
  if (target === undefined) return errorReply('GW_ROUTE_RESOURCE')
  const { server, uri } = target
  const refusal = context.policy.refusal(turn.principal, server.name, 'resource', uri)
  if (refusal !== undefined) return errorReply(refusal.code === 'GW_AUTH_SCOPE' ? refusal.code : 'GW_ROUTE_RESOURCE')
  const relay = context.links.of(turn.session, server)
  if (method === 'resources/unsubscribe') {
    relay.unsubscribe(turn.session, uri)
    return { result: {} }
  }
  if (!relay.subscribe(turn.session, uri)) return { result: {} }
  const reply = await askServer(relay, method, { ...params, uri }, server.timeoutMs)
  if (reply.error !== undefined) relay.unsubscribe(turn.session, uri)
  return reply
}

function resourceOf (context: GatewayContext, turn: Turn, uri: unknown): { readonly server: ServerSettings, readonly uri: string } | undefined {
  if (typeof uri !== 'string' || uri === '') return undefined
  const { route } = turn.session
  if (route.kind === 'server') return { server: context.server(route.server), uri }
  const split = splitAggregateUri(uri, context.policy.servers(turn.principal))
  return split === undefined ? undefined : { server: context.server(split.server), uri: split.uri }
}

/** logging/setLevel: remembered for the session, sent to every server it uses, now and after a restart. */
export function setLogLevel (context: GatewayContext, session: Session, params: JsonObject | undefined): Reply {
  const level = params?.['level']
  if (typeof level !== 'string' || !LOG_LEVELS.includes(level)) {
    return errorReply('GW_PROTOCOL_PARAMS', { publicMessage: `Invalid params: "level" must be one of ${LOG_LEVELS.join(', ')}` })
  }
  session.logLevel = level
  for (const relay of context.links.all(session)) relay.setLevel(session, level)
  return { result: {} }
}

/** A client's own roots changed: every server that may ask for them is told. */
export function forwardRootsChanged (context: GatewayContext, session: Session): void {
  if (!isJsonObject(session.hello.capabilities['roots'])) return
  for (const relay of context.links.all(session)) relay.place.connection?.notify('notifications/roots/list_changed')
}
