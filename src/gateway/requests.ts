import type { GatewayContext, Turn } from './context.ts'
import { errorReply, toJsonRpcError, type JsonObject, type Reply } from '../protocol/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import { useFeature } from './call.ts'
import { featureOf, USES } from './feature.ts'
import { initializeServer } from './initialize.ts'
import { listOfAll, listOfServer, LISTS } from './lists.ts'
import { limitError } from './refusals.ts'
import { changeSubscription, setLogLevel } from './subscriptions.ts'

/** One request of a session, by method. Uses go their own way: they are the hot path and have their own limits. */
export function receiveRequest (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): void {
  if (USES.has(method)) return receiveUse(context, turn, method, params)
  const decision = context.limiter.request(turn.principal)
  if (!decision.admitted) return turn.exchange.refuse(limitError(decision.refusal), turn.id)
  const scopes = LISTS[method] === undefined ? undefined : context.policy.missingListScope(turn.principal, LISTS[method].kind)
  if (scopes !== undefined) return turn.exchange.refuse(new GatewayError('GW_AUTH_SCOPE', { scopes }), turn.id)
  const reply = otherRequest(context, turn, method, params)
  if (reply instanceof Promise) void reply.catch(asReply).then((late) => turn.exchange.finish(turn.id, late))
  else turn.exchange.finish(turn.id, reply)
}

function asReply (thrown: unknown): Reply {
  return { error: toJsonRpcError(toGatewayError(thrown)) }
}

function receiveUse (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): void {
  const { session, exchange, id } = turn
  const feature = featureOf(context, turn.principal, session.route, method, params)
  if (!feature.ok) return exchange.finish(id, feature.error)
  if (feature.value.server.isolation === 'call') {
    const { relay, release } = context.links.borrowFor(session, feature.value.server)
    return useFeature(context, turn, feature.value, { relay, session, exchange, id, onSettled: release })
  }
  const relay = context.links.of(session, feature.value.server)
  if (session.logLevel !== undefined) relay.setLevel(session, session.logLevel)
  useFeature(context, turn, feature.value, { relay, session, exchange, id })
}

function otherRequest (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): Reply | Promise<Reply> {
  const { session, principal } = turn
  switch (method) {
    case 'initialize': return initializeServer(context, session)
    case 'ping': return { result: {} }
    case 'logging/setLevel': return setLogLevel(context, session, params)
    case 'resources/subscribe':
    case 'resources/unsubscribe': return changeSubscription(context, turn, method, params)
    case 'tools/list':
    case 'prompts/list':
    case 'resources/list':
    case 'resources/templates/list': {
      const { route } = session
      if (route.kind === 'aggregate') return listOfAll(context, principal, (server) => context.links.of(session, server), method)
      const server = context.server(route.server)
      return listOfServer(context, principal, server, context.links.of(session, server), method, params)
    }
    default: return errorReply('GW_PROTOCOL_METHOD')
  }
}
