import { errorReply, toJsonRpcError } from '../protocol/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { GatewayContext, Turn } from './context.ts'
import type { ModernTurn } from './modern-turn.ts'

/**
 * Goes on with a session's request when what it waits for is there: a name that is being learned, a decision that Redis
 * makes. Until then it keeps its session from expiring and the gateway from stopping. What `goOn` throws is its answer.
 */
export function continued<T> (context: GatewayContext, { session, exchange, id }: Turn, awaited: Promise<T>, goOn: (value: T) => void): void {
  session.requestBegan()
  context.work.enter()
  awaited.then((value) => {
    if (session.closed) exchange.finish(id, errorReply('GW_CANCELLED'))
    else goOn(value)
  }).catch((thrown: unknown) => {
    if (!(thrown instanceof GatewayError)) context.events.thrown(thrown)
    exchange.finish(id, { error: toJsonRpcError(toGatewayError(thrown)) })
  }).finally(() => {
    session.requestEnded()
    context.work.leave()
  }).catch(context.events.thrown)
}

/**
 * The same for a modern request: nothing is done for a client that has gone while it waited.
 * @param goOn returns what to call when the client goes later
 * @param settled runs once, after `goOn`, whatever happened
 * @returns what to call when the client has gone
 */
export function continuedModern<T> (context: GatewayContext, { request, exchange }: ModernTurn, awaited: Promise<T>, goOn: (value: T) => () => void, settled?: () => void): () => void {
  let gone = false
  let leave: () => void = () => { gone = true }
  context.work.enter()
  awaited.then((value) => {
    if (gone) exchange.drop()
    else leave = goOn(value)
  }).catch((thrown: unknown) => {
    if (!(thrown instanceof GatewayError)) context.events.thrown(thrown)
    exchange.finish(request.id, { error: toJsonRpcError(toGatewayError(thrown)) })
  }).finally(() => {
    settled?.()
    context.work.leave()
  }).catch(context.events.thrown)
  return () => leave()
}
