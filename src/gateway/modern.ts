import { toModern } from '../bridge/index.ts'
import type { LimitDecision } from '../limits/index.ts'
import { isJsonObject, toJsonRpcError, type Reply } from '../protocol/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { GatewayContext } from './context.ts'
import { continuedModern } from './continued.ts'
import { discover, gatewayInfo } from './discover.ts'
import { USES } from './feature.ts'
import { listFor, listOf, type ListCaller } from './lists.ts'
import { listen } from './listen.ts'
import type { BorrowedRelay } from './links.ts'
import type { Borrow, ModernTurn } from './modern-turn.ts'
import { useModern, useModernTask } from './modern-use.ts'
import { limitError } from './refusals.ts'
import { namesTask } from './tasks.ts'

const nothing = (): void => undefined

/**
 * One request of the modern era, by method: it stands alone, and nothing of it is remembered for the next one. Uses go their
 * own way, as in a session. Answers through the exchange exactly once, unless the client goes first.
 * @returns what to call when the client has gone; never throws
 */
export function receiveModern (context: GatewayContext, turn: ModernTurn): () => void {
  const { caller, request, exchange } = turn
  try {
    if (USES.has(request.method)) return useModern(context, turn)
    const decision = context.limiter.request(caller.principal)
    if (decision instanceof Promise) return continuedModern(context, turn, decision, (late) => counted(context, turn, late))
    return counted(context, turn, decision)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) context.events.thrown(thrown)
    exchange.finish(request.id, { error: toJsonRpcError(toGatewayError(thrown)) })
    return nothing
  }
}

function counted (context: GatewayContext, turn: ModernTurn, decision: LimitDecision): () => void {
  if (decision.admitted) return otherRequest(context, turn)
  turn.exchange.refuse(limitError(decision.refusal), turn.request.id)
  return nothing
}

function otherRequest (context: GatewayContext, turn: ModernTurn): () => void {
  const { caller, route, request, capabilities, exchange } = turn
  switch (request.method) {
    case 'server/discover': return answerLater(context, turn, (borrow) => discover(context, turn, borrow))
    case 'subscriptions/listen': return listen(context, caller, route, request, capabilities, exchange)
  }
  if (namesTask(request.method, 'modern')) return useModernTask(context, turn)
  const wanted = listOf(request.method)
  if (wanted === undefined) {
    exchange.refuse(new GatewayError('GW_PROTOCOL_METHOD'), request.id)
    return nothing
  }
  const scopes = context.policy.missingListScope(caller.principal, wanted.kind)
  if (scopes !== undefined) {
    exchange.refuse(new GatewayError('GW_AUTH_SCOPE', { scopes }), request.id)
    return nothing
  }
  return answerLater(context, turn, async (borrow) => {
    const { ttlMs, ...reply } = await listFor(context, listCaller(context, turn, borrow), wanted, request.params)
    const hinted = ttlMs === undefined || !isJsonObject(reply.result) ? reply : { result: { ...reply.result, ttlMs } }
    const serverInfo = route.kind === 'aggregate' ? gatewayInfo(context) : borrow(context.server(route.server)).place.connection?.initializeResult['serverInfo']
    return toModern(request.method, hinted, { era: 'legacy', serverInfo })
  })
}

function answerLater (context: GatewayContext, { caller, request, capabilities, exchange }: ModernTurn, answer: (borrow: Borrow) => Promise<Reply>): () => void {
  const held = new Map<ServerName, BorrowedRelay>()
  const borrow: Borrow = (server) => {
    const borrowed = held.get(server.name) ?? context.links.borrow(caller.principal, server, capabilities)
    held.set(server.name, borrowed)
    return borrowed.relay
  }
  let gone = false
  context.work.enter()
  answer(borrow).catch((thrown: unknown): Reply => {
    if (!(thrown instanceof GatewayError)) context.events.thrown(thrown)
    return { error: toJsonRpcError(toGatewayError(thrown)) }
  }).then((reply) => {
    for (const { release } of held.values()) release()
    context.work.leave()
    if (gone) exchange.drop()
    else exchange.finish(request.id, reply)
  }).catch(context.events.thrown)
  return () => { gone = true }
}

/** Whoever asks once and is gone: only the user's open listens can be told of what comes later. */
function listCaller (context: GatewayContext, { caller: { principal }, route }: ModernTurn, borrow: Borrow): ListCaller {
  return {
    principal,
    route,
    relayTo: borrow,
    oweLists: (relay) => { for (const listener of context.listens.of(principal)) relay.oweLists(listener) },
    tell: (method) => { for (const listener of context.listens.of(principal)) if (listener.route.kind === route.kind) listener.notify(method, undefined) }
  }
}
