import { capabilitiesOfRequest, RelayedCall } from '../bridge/index.ts'
import { disagreeingParam, errorReply, isJsonObject, ownersIn, toJsonRpcError, type JsonObject, type MirroredParam, type Reply } from '../protocol/index.ts'
import type { CallGrant } from '../limits/index.ts'
import type { Client } from '../session/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { Connection } from '../upstream/index.ts'
import { failureOf, type CallFailure } from './call-failure.ts'
import { outcomeOf, recordCall, type CallOutcome } from './call-record.ts'
import type { Caller, GatewayContext } from './context.ts'
import type { ArgumentFault } from './arguments/argument-fault.ts'
import { decisionOf } from './arguments/ask-decision.ts'
import { argumentFault } from './arguments/check-arguments.ts'
import { ruleRefusal } from './arguments/rule-refusal.ts'
import { isOfUnlistedTool } from './arguments/unlisted-tool.ts'
import type { FeatureUse, UseTarget } from './use.ts'
import { mayMakeTask, readableRefusal, readableReply } from './readable-reply.ts'
import { namedCallOf } from './once/once-key.ts'
import { OnceRun } from './once/once-run.ts'
import { limitError } from './refusals.ts'
import { reuseOf, type ResultReuse } from './results/result-reuse.ts'
import { isLost, mayRunTwice } from './run-again.ts'
import { mayBecomeTask } from './tasks.ts'
import { timeoutOf, withoutTask } from './use-terms.ts'

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

class UseRun {
  readonly #context: GatewayContext
  readonly #caller: Caller
  readonly #use: FeatureUse
  readonly #target: UseTarget
  readonly #startedMs: number
  #grant: CallGrant | typeof FREE | undefined
  #connection: Connection | undefined
  #reuse: ResultReuse | undefined
  #once: OnceRun | undefined
  /** For the audit record, where it has one. */
  #argumentsHash: string | undefined
  /** How often it was given to another worker. */
  #retries = 0

  constructor (context: GatewayContext, caller: Caller, use: FeatureUse, target: UseTarget) {
    this.#context = context
    this.#caller = caller
    this.#use = use
    this.#target = target
    this.#startedMs = context.nowMs()
    context.work.enter()
  }

  start (): void {
    const { server, kind, name, params } = this.#use
    // Now, while large arguments are there.
    this.#argumentsHash = this.#context.audit.hashOf?.(params)
    const { refusal, conditions } = this.#context.policy.decision(this.#caller.principal, server.name, kind, name)
    if (refusal === undefined) {
      const unfit = conditions === undefined ? undefined : ruleRefusal(conditions, this.#use)
      if (unfit !== undefined) return this.#denied(unfit, 'arguments')
      return this.#isAway() ? undefined : this.#admit()
    }
    this.#context.events.policyRefused(kind)
    const error = new GatewayError(refusal.code, refusal.scopes === undefined ? {} : { scopes: refusal.scopes })
    this.#refuse(error, refusal.code === 'GW_AUTH_SCOPE')
  }

  /** True: its server is known to be down, and the caller told so at once and without cost (FR14). What may be kept is looked for all the same. */
  #isAway (): boolean {
    const { awayMs } = this.#target.relay.place
    if (awayMs === 0 || this.#isReusable) return false
    this.#context.events.away?.(this.#use.server.name)
    this.#refuse(new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'the circuit is open', retryAfterS: Math.ceil(awayMs / 1000) }), true)
    return true
  }

  get #isReusable (): boolean {
    const { method, server } = this.#use
    return method === 'tools/call' ? server.tools.cache !== undefined : method === 'resources/read'
  }

  /** Said to the caller in words, so as an answer to the call: clients do not show the body of another status. */
  #denied (error: GatewayError, by: 'arguments' | 'hook'): void {
    this.#context.events.policyRefused(by)
    this.#refuse(error, false)
  }

  /** Before there was a call that could be answered. */
  broke (thrown: unknown): void {
    this.#context.events.thrown(thrown)
    this.#refuse(new GatewayError('GW_INTERNAL'), false)
  }

  /** The call exists before its grant, so that it can be cancelled while it waits for one. */
  #admit (): void {
    const { signal } = this.#target
    const call = this.#relayedCall()
    if (signal?.aborted === true) return call.cancel('client_disconnected')
    signal?.addEventListener('abort', () => { call.cancel('client_disconnected') }, { once: true })
    const point = this.#use.isUncounted === true ? undefined : this.#context.decisionPoint()
    if (point === undefined) return this.#count(call)
    decisionOf(point, this.#caller, this.#use).then((refused) => refused === undefined ? this.#count(call) : this.#ruledOut(call, refused)).catch((thrown: unknown) => this.#failed(call, thrown))
  }

  #ruledOut (call: RelayedCall, error: GatewayError): void {
    if (call.done) return
    call.withdraw()
    this.#denied(error, 'hook')
  }

  #count (call: RelayedCall): void {
    if (call.done) return
    const { principal } = this.#caller
    const { server, kind, name } = this.#use
    const { signal } = this.#target
    try {
      const grant = this.#use.isUncounted === true ? FREE : this.#context.limiter.call(principal, server.name, kind === 'tool' ? name : undefined, this.#startedMs + call.timeoutMs, signal)
      if (grant instanceof Promise) grant.then((late) => this.#granted(call, late)).catch((thrown: unknown) => this.#failed(call, thrown))
      else this.#granted(call, grant)
    } catch (thrown) {
      this.#failed(call, thrown)
    }
  }

  #relayedCall (): RelayedCall {
    const { method, params, server } = this.#use
    const { relay, client, exchange, id } = this.#target
    const timeoutMs = timeoutOf(this.#use)
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
      ...(mayRunTwice(this.#use) ? { repeatable: true, again: (reply: Reply) => this.#runsAgain(call, reply) } : undefined),
      onDone: (reply) => this.#answer(call, reply)
    })
    return call
  }

  /** Tasks are relayed on a server's own endpoint only. */
  #declared (client: Client): JsonObject {
    return capabilitiesOfRequest(this.#use.server, client.capabilities, mayMakeTask(this.#use, this.#target))
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
    this.#connect(call)
  }

  /** Its server ended with the call on it: the next one gets it, within the budget and the deadline (FR01, FR11). */
  #runsAgain (call: RelayedCall, reply: Reply): boolean {
    const { server } = this.#use
    const waitMs = isLost(server, reply) ? this.#context.connections.retryAfterMs(server, this.#retries) : undefined
    if (waitMs === undefined || this.#context.nowMs() + waitMs > this.#startedMs + call.timeoutMs) return false
    setTimeout(() => { if (!call.done) this.#connect(call) }, waitMs)
    return ++this.#retries > 0
  }

  #connect (call: RelayedCall): void {
    // It is in use from here on: what counts is when that ends.
    this.#target.relay.place.touch(this.#startedMs)
    const connection = this.#target.relay.connection()
    if (connection instanceof Promise) this.#sendLater(call, connection)
    else this.#send(call, connection)
  }

  #send (call: RelayedCall, connection: Connection): void {
    const { relay, client, exchange } = this.#target
    this.#connection = connection
    // Session-era servers were told at initialize.
    if (connection.era === 'modern' && client !== undefined) call.capabilities = this.#declared(client)
    if (client?.era === 'legacy') relay.giveNotice(client, exchange)
    else client?.onLevel?.((level) => relay.levelWanted(level, connection))
    const learning = this.#use.isAppOnly?.(relay)
    if (learning === undefined) this.#check(call, connection)
    else this.#learn(call, learning, (isAppOnly) => isAppOnly ? this.#takeBack(call, new GatewayError('GW_ROUTE_TOOL'), false) : this.#check(call, connection))
  }

  /** Something has to be asked of the server first. That is part of the caller's time: a silent server must not be waited for twice. */
  #learn<T> (call: RelayedCall, asking: Promise<T>, then: (value: T) => void): void {
    const sinceMs = this.#context.nowMs()
    const timer = setTimeout(() => { call.onReply(errorReply('GW_UPSTREAM_UNAVAILABLE')) }, call.timeoutMs)
    asking.then((value) => {
      clearTimeout(timer)
      call.timeoutMs = Math.max(1, call.timeoutMs - (this.#context.nowMs() - sinceMs))
      if (!call.done) then(value)
    }).catch((thrown: unknown) => this.#failed(call, thrown))
  }

  /** Arguments that are not what the tool takes are answered here (R13). */
  #check (call: RelayedCall, connection: Connection): void {
    const fault = argumentFault(this.#context, this.#caller.principal, this.#use, this.#target.relay, call)
    if (fault === undefined) this.#dispatch(call, connection)
    else if (fault instanceof Promise) this.#learn(call, fault, (late) => late === undefined ? this.#dispatch(call, connection) : this.#unfit(call, late))
    else this.#unfit(call, fault)
  }

  /** In the server's name: it has seen nothing of the call. */
  #unfit (call: RelayedCall, { reason, reply }: ArgumentFault): void {
    if (call.done) return
    this.#context.events.argumentsRefused(reason)
    this.#connection = undefined
    call.onReply(reply)
  }

  /** Refuses a call that was let in and not sent. */
  #takeBack (call: RelayedCall, error: GatewayError, hasStatus: boolean): void {
    if (call.done) return
    call.withdraw()
    if (this.#grant?.admitted === true) this.#grant.release()
    this.#refuse(error, hasStatus)
  }

  #dispatch (call: RelayedCall, connection: Connection): void {
    if (call.done) return
    const { relay, client } = this.#target
    if (call.params?.['task'] !== undefined && !mayBecomeTask(this.#use, connection, client?.era)) call.params = withoutTask(call.params)
    const mirrored = this.#needsMirrored(connection) ? relay.mirroredOf(this.#use.name, connection) : undefined
    if (mirrored instanceof Promise) this.#learn(call, mirrored, (late) => this.#sendMirrored(call, connection, late))
    else if (mirrored !== undefined) this.#sendMirrored(call, connection, mirrored)
    else this.#transmit(call, connection)
  }

  /** Arguments travel in headers as well towards modern HTTP servers, and from modern clients. */
  #needsMirrored (connection: Connection): boolean {
    const { method, server } = this.#use
    return method === 'tools/call' && (this.#target.headers !== undefined || (connection.era === 'modern' && server.transport === 'http'))
  }

  #sendMirrored (call: RelayedCall, connection: Connection, mirrored: readonly MirroredParam[]): void {
    if (call.done) return
    const { headers, relay } = this.#target
    // Not looked at for nothing: large arguments are bytes as long as nobody does.
    const args = mirrored.length > 0 ? call.params?.['arguments'] : undefined
    const wrong = headers && disagreeingParam(mirrored, isJsonObject(args) ? args : undefined, headers)
    if (wrong !== undefined) {
      return this.#takeBack(call, new GatewayError('GW_PROTOCOL_HEADERS', { publicMessage: `The header ${wrong} and the argument that it mirrors do not agree.` }), true)
    }
    call.mirrored = mirrored
    if (connection.era === 'legacy' && relay.requiresTask(this.#use.name)) {
      call.isHiddenTask = true
      call.params = { ...call.params, task: {} }
    }
    this.#transmit(call, connection)
  }

  /** To the server, unless what it would answer is kept. */
  #transmit (call: RelayedCall, connection: Connection): void {
    if (this.#retries > 0) return call.send(connection)
    if (this.#use.server.tools.idempotencyKeys === true && this.#startsOnce(call, connection)) return
    this.#reuse = this.#isReusable ? reuseOf(this.#context, this.#caller.principal, this.#use, this.#target, call, connection) : undefined
    if (this.#reuse === undefined) call.send(connection)
    else this.#reuse.start()
  }

  /** True: the caller has named the call, and it runs once (FR42). */
  #startsOnce (call: RelayedCall, connection: Connection): boolean {
    const named = namedCallOf(this.#caller, this.#use)
    if (named === undefined) return false
    if (!named.ok) {
      this.#takeBack(call, named.error, false)
      return true
    }
    this.#once = new OnceRun({
      store: this.#context.once,
      met: (outcome) => { this.#context.events.named?.(this.#use.server.name, outcome) },
      send: () => { call.send(connection) },
      refuse: (error, hasStatus) => { this.#takeBack(call, error, hasStatus) },
      thrown: (thrown) => { this.#failed(call, thrown) }
    }, named.value, call)
    this.#once.start()
    return true
  }

  /** Waits for a server that is starting no longer than for its answer (FR03). The start goes on for the next call. */
  #sendLater (call: RelayedCall, starting: Promise<Connection>): void {
    const timer = setTimeout(() => call.onReply(errorReply('GW_UPSTREAM_UNAVAILABLE')), call.timeoutMs)
    starting.then((connection) => {
      clearTimeout(timer)
      if (!call.done) this.#send(call, connection)
    }, (thrown: unknown) => {
      clearTimeout(timer)
      call.onReply({ error: toJsonRpcError(toGatewayError(thrown)) })
    }).catch((thrown: unknown) => this.#failed(call, thrown))
  }

  #failed (call: RelayedCall, thrown: unknown): void {
    this.#context.events.thrown(thrown)
    call.onReply(errorReply('GW_INTERNAL'))
  }

  #answer (call: RelayedCall, reply: Reply): void {
    const { exchange, id, relay } = this.#target
    const endedMs = this.#context.nowMs()
    const durationMs = endedMs - this.#startedMs
    if (this.#grant?.admitted === true) this.#grant.release()
    relay.place.touch(endedMs)
    this.#once?.landed(reply)
    const own = this.#reuse?.landed(reply) ?? reply
    if (this.#use.kind === 'tool' && this.#reuse?.isAnswered !== true) relay.usedAtMs = endedMs
    if (call.cancelled === 'client_cancelled' || call.cancelled === 'client_disconnected') exchange.drop()
    else exchange.finish(id, this.#readable(call, own))
    // Nobody reads them any more, but for a write under way, which has its own hold.
    if (this.#use.params !== undefined) for (const owner of ownersIn(this.#use.params)) owner.release()
    this.#settled(call.cancelled === undefined ? outcomeOf(reply) : 'cancelled', durationMs, reply.error?.code, call.cancelled === undefined ? failureOf(reply) : undefined)
  }

  #readable (call: RelayedCall, reply: Reply): Reply {
    try {
      if (isOfUnlistedTool(this.#use, this.#target, reply)) return readableRefusal(this.#use, this.#target, new GatewayError('GW_ROUTE_TOOL'))
      return readableReply(this.#context, this.#caller.principal, this.#use, this.#target, this.#connection, call.capabilities ?? {}, reply)
    } catch (thrown) {
      this.#context.events.thrown(thrown)
      return errorReply('GW_UPSTREAM_PROTOCOL')
    }
  }

  /** Before admission, what has a status of its own is an HTTP answer. Hidden is answered as a server answers unknown (T25). */
  #refuse (error: GatewayError, hasStatus: boolean): void {
    const { exchange, id } = this.#target
    if (hasStatus) exchange.refuse(error, id)
    else exchange.finish(id, readableRefusal(this.#use, this.#target, error))
    this.#settled('refused', 0, error.code)
  }

  /** Everything after the answer; what goes wrong here must not reach whoever is being served. */
  #settled (outcome: CallOutcome, durationMs: number, code: string | number | undefined, failure?: CallFailure): void {
    this.#context.work.leave()
    try {
      this.#context.events.used?.(this.#caller.principal.tenant, outcome)
      if (failure !== undefined) this.#context.events.failed?.(this.#use.server.name, this.#use.method, failure)
      if (outcome !== 'refused') this.#context.events.call(this.#use.server.name, this.#use.method, outcome, durationMs)
      recordCall(this.#context, this.#caller, this.#use, outcome, durationMs, code, this.#argumentsHash)
    } catch (thrown) {
      this.#context.events.thrown(thrown)
    }
    this.#target.onSettled?.()
  }
}
