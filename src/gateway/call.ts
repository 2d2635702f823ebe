import { RelayedCall } from '../bridge/index.ts'
import { errorReply, ownersIn, type Reply } from '../protocol/index.ts'
import type { CallGrant } from '../limits/index.ts'
import { GatewayError } from '../shared/errors.ts'
import { failureOf, type CallFailure } from './call-failure.ts'
import { outcomeOf, recordCall, type CallOutcome } from './call-record.ts'
import type { Caller, GatewayContext } from './context.ts'
import { decisionOf } from './arguments/ask-decision.ts'
import { ruleRefusal } from './arguments/rule-refusal.ts'
import { isOfUnlistedTool } from './arguments/unlisted-tool.ts'
import type { FeatureUse, UseTarget } from './use.ts'
import { readableRefusal, readableReply } from './readable-reply.ts'
import { limitError } from './refusals.ts'
import { mayRunTwice } from './run-again.ts'
import { UseSending, type SendingRun } from './use-sending.ts'
import { mayBeKept, timeoutOf } from './use-terms.ts'

/**
 * Policy, limits, worker, call, reply, audit: the path of every tools/call, as a table of contents. Everything is
 * synchronous as long as the grant is free and the worker is up. Answers through the exchange exactly once.
 */
export function useFeature (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget): void {
  const run = new UseRun(context, caller, use, target)
  try {
    run.start()
  } catch (thrown) {
    run.broke(thrown)
  }
}

/** What is not counted is let in at once. */
const FREE = { admitted: true, release: () => undefined } as const

class UseRun implements SendingRun {
  readonly context: GatewayContext
  readonly caller: Caller
  readonly use: FeatureUse
  readonly target: UseTarget
  readonly startedMs: number
  #grant: CallGrant | typeof FREE | undefined
  #sending: UseSending | undefined
  /** For the audit record, where it has one. */
  #argumentsHash: string | undefined

  constructor (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget) {
    this.context = context
    this.caller = caller
    this.use = use
    this.target = target
    this.startedMs = context.nowMs()
    context.work.enter()
  }

  start (): void {
    const { server, kind, name, params } = this.use
    // Now, while large arguments are there.
    this.#argumentsHash = this.context.audit.hashOf?.(params)
    const { refusal, conditions } = this.context.policy.decision(this.caller.principal, server.name, kind, name)
    if (refusal === undefined) {
      const unfit = conditions === undefined ? undefined : ruleRefusal(conditions, this.use)
      if (unfit !== undefined) return this.#denied(unfit, 'arguments')
      return this.#isAway() ? undefined : this.#admit()
    }
    this.context.events.policyRefused(kind)
    const error = new GatewayError(refusal.code, refusal.scopes === undefined ? {} : { scopes: refusal.scopes })
    this.#refuse(error, refusal.code === 'GW_AUTH_SCOPE')
  }

  /** True: its server is known to be down, and the caller told so at once and without cost (FR14). What may be kept is looked for all the same. */
  #isAway (): boolean {
    const { awayMs } = this.target.relay.place
    if (awayMs === 0 || mayBeKept(this.use)) return false
    this.context.events.away?.(this.use.server.name)
    this.#refuse(new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'the circuit is open', retryAfterS: Math.ceil(awayMs / 1000) }), true)
    return true
  }

  /** Said to the caller in words, so as an answer to the call: clients do not show the body of another status. */
  #denied (error: GatewayError, by: 'arguments' | 'hook'): void {
    this.context.events.policyRefused(by)
    this.#refuse(error, false)
  }

  /** Before there was a call that could be answered. */
  broke (thrown: unknown): void {
    this.context.events.thrown(thrown)
    this.#refuse(new GatewayError('GW_INTERNAL'), false)
  }

  /** The call exists before its grant, so that it can be cancelled while it waits for one. */
  #admit (): void {
    const { signal } = this.target
    const call = this.#relayedCall()
    if (signal?.aborted === true) return call.cancel('client_disconnected')
    signal?.addEventListener('abort', () => { call.cancel('client_disconnected') }, { once: true })
    const point = this.use.isUncounted === true ? undefined : this.context.decisionPoint()
    if (point === undefined) return this.#count(call)
    decisionOf(point, this.caller, this.use).then((refused) => refused === undefined ? this.#count(call) : this.#ruledOut(call, refused)).catch((thrown: unknown) => this.failed(call, thrown))
  }

  #ruledOut (call: RelayedCall, error: GatewayError): void {
    if (call.done) return
    call.withdraw()
    this.#denied(error, 'hook')
  }

  #count (call: RelayedCall): void {
    if (call.done) return
    const { principal } = this.caller
    const { server, kind, name } = this.use
    const { signal } = this.target
    try {
      const grant = this.use.isUncounted === true ? FREE : this.context.limiter.call(principal, server.name, kind === 'tool' ? name : undefined, this.startedMs + call.timeoutMs, signal)
      if (grant instanceof Promise) grant.then((late) => this.#granted(call, late)).catch((thrown: unknown) => this.failed(call, thrown))
      else this.#granted(call, grant)
    } catch (thrown) {
      this.failed(call, thrown)
    }
  }

  #relayedCall (): RelayedCall {
    const { method, params, server } = this.use
    const { relay, client, exchange, id } = this.target
    const timeoutMs = timeoutOf(this.use)
    const call: RelayedCall = new RelayedCall({
      method,
      params,
      timeoutMs,
      maxTimeoutMs: Math.max(timeoutMs, server.maxTimeoutMs),
      client,
      exchange,
      clientId: id,
      cancelOnDisconnect: server.cancelOnDisconnect,
      createDriver: () => relay.createDriver(),
      ...(mayRunTwice(this.use) ? { repeatable: true, again: (reply: Reply) => this.#sending?.runsAgain(reply) === true } : undefined),
      onDone: (reply) => this.#answer(call, reply)
    })
    return call
  }

  #granted (call: RelayedCall, grant: CallGrant | typeof FREE): void {
    if (call.done) {
      // Cancelled while it waited in line.
      if (grant.admitted) grant.release()
      return
    }
    if (!grant.admitted) {
      call.withdraw()
      return this.#refuse(limitError(grant.refusal), true)
    }
    this.#grant = grant
    this.#sending = new UseSending(this, call)
    this.#sending.connect()
  }

  /** Refuses a call that was let in and not sent. */
  takeBack (call: RelayedCall, error: GatewayError, hasStatus: boolean): void {
    if (call.done) return
    call.withdraw()
    if (this.#grant?.admitted === true) this.#grant.release()
    this.#refuse(error, hasStatus)
  }

  failed (call: RelayedCall, thrown: unknown): void {
    this.context.events.thrown(thrown)
    call.onReply(errorReply('GW_INTERNAL'))
  }

  #answer (call: RelayedCall, reply: Reply): void {
    const { exchange, id, relay } = this.target
    const endedMs = this.context.nowMs()
    const durationMs = endedMs - this.startedMs
    if (this.#grant?.admitted === true) this.#grant.release()
    relay.place.touch(endedMs)
    const own = this.#sending?.landed(reply) ?? reply
    if (this.use.kind === 'tool' && this.#sending?.wasKept !== true) relay.usedAtMs = endedMs
    const told = call.cancelled === 'client_cancelled' || call.cancelled === 'client_disconnected' ? undefined : this.#readable(call, own)
    if (told === undefined) exchange.drop()
    else exchange.finish(id, told)
    // Nobody reads them any more, but for a write under way, which has its own hold.
    if (this.use.params !== undefined) for (const owner of ownersIn(this.use.params)) owner.release()
    if (call.cancelled !== undefined) return this.#settled('cancelled', durationMs, reply.error?.code)
    // An answer that its client cannot be given is none.
    const failed = failureOf(reply) === undefined && told !== undefined && failureOf(told) !== undefined ? told : reply
    this.#settled(outcomeOf(failed), durationMs, failed.error?.code, failureOf(failed))
  }

  #readable (call: RelayedCall, reply: Reply): Reply {
    try {
      if (isOfUnlistedTool(this.context, this.caller.principal, this.use, this.target, reply)) return readableRefusal(this.use, this.target, new GatewayError('GW_ROUTE_TOOL'))
      return readableReply(this.context, this.caller.principal, this.use, this.target, this.#sending?.connection, call.capabilities ?? {}, reply)
    } catch (thrown) {
      this.context.events.thrown(thrown)
      return errorReply('GW_UPSTREAM_PROTOCOL')
    }
  }

  /** Before admission, what has a status of its own is an HTTP answer. Hidden is answered as a server answers unknown (T25). */
  #refuse (error: GatewayError, hasStatus: boolean): void {
    const { exchange, id } = this.target
    if (hasStatus) exchange.refuse(error, id)
    else exchange.finish(id, readableRefusal(this.use, this.target, error))
    this.#settled('refused', 0, error.code)
  }

  /** Everything after the answer; what goes wrong here must not reach whoever is being served. */
  #settled (outcome: CallOutcome, durationMs: number, code: string | number | undefined, failure?: CallFailure): void {
    this.context.work.leave()
    try {
      this.context.events.used?.(this.caller.principal.tenant, outcome)
      if (failure !== undefined) this.context.events.failed?.(this.use.server.name, this.use.method, failure)
      if (outcome !== 'refused') this.context.events.call(this.use.server.name, this.use.method, outcome, durationMs)
      recordCall(this.context, this.caller, this.use, outcome, durationMs, code, this.#argumentsHash)
    } catch (thrown) {
      this.context.events.thrown(thrown)
    }
    this.target.onSettled?.()
  }
}
