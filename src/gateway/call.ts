import { downConvert, RelayedCall, type Relay } from '../bridge/index.ts'
import { errorReply, isJsonObject, toJsonRpcError, type JsonObject, type JsonRpcId, type Reply } from '../protocol/index.ts'
import type { CallGrant } from '../limits/index.ts'
import type { Exchange, Session } from '../session/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { FeatureKind } from '../tenancy/index.ts'
import type { Caller, GatewayContext } from './context.ts'
import { limitError } from './refusals.ts'

/** One use of a tool, prompt, resource or completion: what was asked for, after routing. */
export interface FeatureUse {
  readonly method: string
  readonly kind: FeatureKind
  readonly server: ServerSettings
  /** The name as the server knows it. */
  readonly name: string
  /** Params as the server shall get them. */
  readonly params: JsonObject | undefined
  /** Renames what comes back, on the aggregate. */
  readonly rewrite?: (result: unknown) => unknown
}

/** The way back of one use. */
export interface UseTarget {
  readonly relay: Relay
  readonly session: Session | undefined
  readonly exchange: Exchange
  readonly id: JsonRpcId
  /** Gets the call when it is admitted, to cancel it. */
  readonly onCall?: (call: RelayedCall) => void
  /** Runs after the reply was handed over. */
  readonly onSettled?: () => void
}

/**
 * Policy, limits, worker, call, reply, audit: the path of every tools/call, as a table of contents. Everything is
 * synchronous as long as the grant is free and the worker is up.
 */
export function useFeature (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget): void {
  const startedMs = context.nowMs()
  const refusal = context.policy.refusal(caller.principal, use.server.name, use.kind, use.name)
  if (refusal !== undefined) return refusePolicy(context, caller, use, target, new GatewayError(refusal.code, refusal.scopes === undefined ? {} : { scopes: refusal.scopes }))
  const tool = use.kind === 'tool' ? use.name : undefined
  const grant = context.limiter.call(caller.principal, use.server.name, tool, startedMs + timeoutOf(use))
  if (grant instanceof Promise) void grant.then((late) => admit(context, caller, use, target, late, startedMs))
  else admit(context, caller, use, target, grant, startedMs)
}

function admit (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget, grant: CallGrant, startedMs: number): void {
  if (!grant.admitted) return refuse(context, caller, use, target, limitError(grant.refusal))
  const timeoutMs = timeoutOf(use)
  const call = new RelayedCall({
    method: use.method,
    params: use.params,
    timeoutMs,
    maxTimeoutMs: Math.max(timeoutMs, use.server.maxTimeoutMs),
    session: target.session,
    exchange: target.exchange,
    clientId: target.id,
    cancelOnDisconnect: use.server.cancelOnDisconnect,
    onDone: (reply) => {
      grant.release()
      target.relay.place.touch()
      answer(context, caller, use, target, call, reply, startedMs)
    }
  })
  target.onCall?.(call)
  dispatch(target, call)
}

function dispatch (target: UseTarget, call: RelayedCall): void {
  const { relay, session, exchange } = target
  relay.place.touch()
  const connection = relay.connection()
  if (!(connection instanceof Promise)) {
    if (session !== undefined) relay.giveNotice(session, exchange)
    call.send(connection)
    return
  }
  connection.then((ready) => {
    if (session !== undefined) relay.giveNotice(session, exchange)
    call.send(ready)
  }, (thrown: unknown) => call.onReply({ error: toJsonRpcError(toGatewayError(thrown)) }))
}

function answer (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget, call: RelayedCall, reply: Reply, startedMs: number): void {
  const durationMs = context.nowMs() - startedMs
  const outcome = call.cancelled === undefined ? outcomeOf(reply) : 'cancelled'
  if (call.cancelled === 'client_cancelled' || call.cancelled === 'client_disconnected') target.exchange.drop()
  else target.exchange.finish(target.id, readable(use, target.session, reply))
  context.events.call(use.server.name, use.method, outcome, durationMs)
  record(context, caller, use, outcome, durationMs, reply.error?.code)
  target.onSettled?.()
}

/** In the client's names and revision; by reference where they are the server's. */
function readable (use: FeatureUse, session: Session | undefined, reply: Reply): Reply {
  if (reply.error !== undefined) return reply
  const named = use.rewrite === undefined ? reply.result : use.rewrite(reply.result)
  const result = session === undefined ? named : downConvert(use.method, named, session.hello.protocolVersion)
  return result === reply.result ? reply : { result }
}

function outcomeOf (reply: Reply): 'ok' | 'tool_error' | 'error' {
  if (reply.error !== undefined) return 'error'
  return isJsonObject(reply.result) && reply.result['isError'] === true ? 'tool_error' : 'ok'
}

/** Hidden is answered as unknown is (T25): a JSON-RPC error of an admitted request. A missing scope is an HTTP 403. */
function refusePolicy (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget, error: GatewayError): void {
  context.events.policyRefused(use.kind)
  if (error.code === 'GW_AUTH_SCOPE') return refuse(context, caller, use, target, error)
  target.exchange.finish(target.id, errorReply(error.code))
  record(context, caller, use, 'refused', 0, error.code)
  target.onSettled?.()
}

function refuse (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget, error: GatewayError): void {
  target.exchange.refuse(error, target.id)
  record(context, caller, use, 'refused', 0, error.code)
  target.onSettled?.()
}

function record (context: GatewayContext, caller: Caller, use: FeatureUse, outcome: 'ok' | 'tool_error' | 'error' | 'cancelled' | 'refused', durationMs: number, code: string | number | undefined): void {
  const { principal, requestId, trail } = caller
  if (trail !== undefined) trail.audited = true
  context.audit.record({
    event: 'call',
    requestId,
    tenant: principal.tenant,
    user: principal.user,
    credentialId: principal.credentialId,
    server: use.server.name,
    method: use.method,
    name: use.name,
    outcome,
    durationMs,
    ...(code === undefined ? undefined : { code: String(code) })
  })
}

function timeoutOf (use: FeatureUse): number {
  return (use.kind === 'tool' ? use.server.tools.timeoutMs[use.name] : undefined) ?? use.server.timeoutMs
}
