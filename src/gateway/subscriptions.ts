import type { Relay } from '../bridge/index.ts'
import { errorReply, isJsonObject, LOG_LEVELS, toJsonRpcError, type JsonObject, type Reply } from '../protocol/index.ts'
import { splitAggregateUri } from '../routing/index.ts'
import type { Session } from '../session/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { Turn, GatewayContext } from './context.ts'
import { askServer } from './one-shot.ts'

/** A subscription's resource, where the server knows it. */
interface Watched { readonly server: ServerSettings, readonly uri: string }

/**
 * resources/subscribe and resources/unsubscribe: each subscriber asks the server, the last one who leaves ends it, because
 * several sessions share one connection.
 * @returns a refusal where the principal may not: by HTTP status for a missing scope, as unknown otherwise
 */
export function changeSubscription (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): Promise<Reply> | Reply | GatewayError {
  const watched = resourceOf(context, turn, params?.['uri'])
  if (watched === undefined) return errorReply('GW_ROUTE_RESOURCE')
  const refusal = context.policy.refusal(turn.principal, watched.server.name, 'resource', watched.uri)
  if (refusal?.code === 'GW_AUTH_SCOPE') return new GatewayError('GW_AUTH_SCOPE', { scopes: refusal.scopes ?? [] })
  if (refusal !== undefined) return errorReply('GW_ROUTE_RESOURCE')
  const relay = context.links.of(turn.session, watched.server)
  if (method === 'resources/subscribe') return subscribe(relay, turn.session, watched, params)
  relay.unsubscribe(turn.session, watched.uri)
  return { result: {} }
}

async function subscribe (relay: Relay, session: Session, { server, uri }: Watched, params: JsonObject | undefined): Promise<Reply> {
  // Before the server answers: its first update may come in the same breath.
  if (!relay.subscribe(session, uri)) return errorReply('GW_PROTOCOL_PARAMS', { publicMessage: 'Invalid params: too many subscriptions, or the URI is too long' })
  const reply = await tellServer(relay, uri, params, server.timeoutMs)
  if (reply.error !== undefined) relay.unsubscribe(session, uri)
  return reply
}

/** In the server's own era: a session-era one is subscribed to, a modern one listened to (MCP 2026-07-28 subscriptions). */
async function tellServer (relay: Relay, uri: string, params: JsonObject | undefined, timeoutMs: number): Promise<Reply> {
  try {
    const connection = await relay.connection()
    if (connection.era === 'modern') return await relay.listenTo(connection, uri)
  } catch (thrown) {
    return { error: toJsonRpcError(toGatewayError(thrown)) }
  }
  return await askServer(relay, 'resources/subscribe', { ...params, uri }, timeoutMs)
}

function resourceOf (context: GatewayContext, turn: Turn, uri: unknown): Watched | undefined {
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
  context.reopening?.keep(session)
  return { result: {} }
}

/** A client's own roots changed: every server that may ask for them is told. */
export function forwardRootsChanged (context: GatewayContext, session: Session): void {
  if (!isJsonObject(session.hello.capabilities['roots'])) return
  for (const relay of context.links.all(session)) relay.rootsChanged()
}
