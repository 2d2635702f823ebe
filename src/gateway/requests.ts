import { toLegacy } from '../bridge/index.ts'
import type { LimitDecision } from '../limits/index.ts'
import { errorReply, isJsonObject, toJsonRpcError, type JsonObject, type Reply } from '../protocol/index.ts'
import type { Session } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import { useFeature } from './call.ts'
import { continued } from './continued.ts'
import type { FeatureUse } from './use.ts'
import type { GatewayContext, Turn } from './context.ts'
import { featureOf, USES } from './feature.ts'
import { helloOf, initializeServer } from './initialize.ts'
import { learnFor } from './learn.ts'
import { listFor, listOf, type ListCaller } from './lists.ts'
import { limitError } from './refusals.ts'
import { listTasks, namesTask, taskUse } from './tasks.ts'
import { changeSubscription, setLogLevel } from './subscriptions.ts'

/**
 * One request of a session, by method. Uses go their own way: they are the hot path and have their own limits. Answers
 * through the turn's exchange exactly once, unless it throws: then not at all.
 */
export function receiveRequest (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): void {
  const { session } = turn
  if (USES.has(method) && session.greeted) return receiveUse(context, turn, method, params)
  // The request that opened a session was charged when it did.
  const isCharged = method === 'initialize' && session.face === 'http' && !session.greeted
  const decision = isCharged ? undefined : context.limiter.request(turn.principal)
  if (decision instanceof Promise) continued(context, turn, decision, (late) => receiveCounted(context, turn, method, params, late))
  else receiveCounted(context, turn, method, params, decision)
}

function receiveCounted (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined, decision: LimitDecision | undefined): void {
  const { session, exchange, id } = turn
  if (decision?.admitted === false) return exchange.refuse(limitError(decision.refusal), id)
  if (session.greeted && namesTask(method, 'legacy')) return useTask(context, turn, method, params)
  const reply = session.greeted || method === 'ping' || method === 'initialize' ? otherRequest(context, turn, method, params) : errorReply('GW_PROTOCOL_NOT_INITIALIZED')
  if (reply instanceof GatewayError) exchange.refuse(reply, id)
  else if (reply instanceof Promise) answerLater(context, turn, reply)
  else exchange.finish(id, reply)
}

/** A request that waits for a server keeps its session from expiring and the gateway from stopping. */
function answerLater (context: GatewayContext, { session, exchange, id }: Turn, reply: Promise<Reply>): void {
  session.requestBegan()
  context.work.enter()
  reply.catch((thrown: unknown): Reply => {
    if (!(thrown instanceof GatewayError)) context.events.thrown(thrown)
    return { error: toJsonRpcError(toGatewayError(thrown)) }
  }).then((late) => {
    session.requestEnded()
    context.work.leave()
    exchange.finish(id, late)
  }).catch(context.events.thrown)
}

function receiveUse (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): void {
  const { session } = turn
  const learning = learnFor(context, turn.principal, session.route, method, params, (server) => context.links.of(session, server))
  if (learning === undefined) useNamed(context, turn, method, params)
  else continued(context, turn, learning, () => useNamed(context, turn, method, params))
}

function useNamed (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): void {
  const feature = featureOf(context, turn.principal, turn.session.route, method, params)
  if (feature.ok) use(context, turn, feature.value)
  else turn.exchange.finish(turn.id, feature.error)
}

function use (context: GatewayContext, turn: Turn, feature: FeatureUse): void {
  const { session, exchange, id } = turn
  if (feature.server.isolation === 'call') {
    const { relay, release } = context.links.borrowFor(session, feature.server)
    return useFeature(context, turn, feature, { relay, client: session, exchange, id, onSettled: release })
  }
  useFeature(context, turn, feature, { relay: context.links.of(session, feature.server), client: session, exchange, id })
}

function useTask (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): void {
  const task = taskUse(context, turn.principal, turn.session.route, method, params)
  if (task.ok) use(context, turn, task.value)
  else turn.exchange.finish(turn.id, task.error)
}

function otherRequest (context: GatewayContext, turn: Turn, method: string, params: JsonObject | undefined): Reply | Promise<Reply> | GatewayError {
  const { session } = turn
  switch (method) {
    case 'initialize':
      if (session.greeted) return errorReply('GW_PROTOCOL_SHAPE', { publicMessage: 'This session is initialized already.' })
      session.greet(helloOf(params))
      return initializeServer(context, session)
    case 'ping': return { result: {} }
    case 'logging/setLevel': return setLogLevel(context, session, params)
    case 'tasks/list': return listTasks(context, turn, params)
    case 'resources/subscribe':
    case 'resources/unsubscribe': return changeSubscription(context, turn, method, params)
    default: return list(context, turn, method, params)
  }
}

function list (context: GatewayContext, { session, principal }: Turn, method: string, params: JsonObject | undefined): Reply | Promise<Reply> | GatewayError {
  const wanted = listOf(method)
  if (wanted === undefined) return errorReply('GW_PROTOCOL_METHOD')
  const scopes = context.policy.missingListScope(principal, wanted.kind)
  if (scopes !== undefined) return new GatewayError('GW_AUTH_SCOPE', { scopes })
  return listFor(context, listCallerOf(context, session, principal), wanted, params).then((reply) => {
    const isModern = isJsonObject(reply.result) && reply.result['resultType'] !== undefined
    return isModern ? toLegacy(method, reply, 'modern', session.revision) : reply
  })
}

/** Shown is what the credential of this request may see: the session may have been opened with another one of its owner (T54). */
function listCallerOf (context: GatewayContext, session: Session, principal: Principal): ListCaller {
  return {
    principal,
    route: session.route,
    relayTo: (server) => context.links.of(session, server),
    oweLists: (relay) => { relay.oweLists(session) },
    tell: (method) => { session.notify(method, undefined) }
  }
}
