import { capabilitiesOfRequest, type RelayedCall } from '../bridge/index.ts'
import { disagreeingParam, errorReply, isJsonObject, toJsonRpcError, type JsonObject, type MirroredParam, type Reply } from '../protocol/index.ts'
import type { Client } from '../session/index.ts'
import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { Connection } from '../upstream/index.ts'
import type { Caller, GatewayContext } from './context.ts'
import type { ArgumentFault } from './arguments/argument-fault.ts'
import { argumentFault } from './arguments/check-arguments.ts'
import type { FeatureUse, UseTarget } from './use.ts'
import { mayMakeTask } from './readable-reply.ts'
import { namedCallOf } from './once/once-key.ts'
import { OnceRun } from './once/once-run.ts'
import { reuseOf, type ResultReuse } from './results/result-reuse.ts'
import { isLost } from './run-again.ts'
import { mayBecomeTask } from './tasks.ts'
import { mayBeKept, withoutTask } from './use-terms.ts'

/** Whose way it is: answers the caller where the server is not to. */
export interface SendingRun {
  readonly context: GatewayContext
  readonly caller: Caller
  readonly use: FeatureUse
  readonly target: UseTarget
  /** On the clock of the context, in milliseconds. */
  readonly startedMs: number
  /** Refuses a call that was let in and not sent; `hasStatus` = with the HTTP status of its error. */
  takeBack (call: RelayedCall, error: GatewayError, hasStatus: boolean): void
  /** Something of ours broke. */
  failed (call: RelayedCall, thrown: unknown): void
}

/**
 * The way of an admitted call to its server: connection, arguments, headers, what is kept or runs once, and another server
 * process where the first one died. Synchronous as long as the worker is up and nothing has to be asked of it first.
 */
export class UseSending {
  readonly #run: SendingRun
  readonly #call: RelayedCall
  #connection: Connection | undefined
  #reuse: ResultReuse | undefined
  #once: OnceRun | undefined
  /** How often it was given to another worker. */
  #retries = 0

  constructor (run: SendingRun, call: RelayedCall) {
    this.#run = run
    this.#call = call
  }

  /** Who has it; undefined = nobody yet, or the server is not to see it. */
  get connection (): Connection | undefined {
    return this.#connection
  }

  /** The answer came from what is kept: its server was not asked. */
  get wasKept (): boolean {
    return this.#reuse?.isAnswered === true
  }

  /** To be called once with the answer; returns the one for this caller. */
  landed (reply: Reply): Reply {
    this.#once?.landed(reply)
    return this.#reuse?.landed(reply) ?? reply
  }

  /** Takes the connection of its place, or waits for the one that is being made. */
  connect (): void {
    // It is in use from here on: what counts is when that ends.
    this.#run.target.relay.place.touch(this.#run.startedMs)
    const connection = this.#run.target.relay.connection()
    if (connection instanceof Promise) this.#sendLater(connection)
    else this.#send(connection)
  }

  /** Its server ended with the call on it: the next one gets it, within the budget and the deadline (FR01, FR11). */
  runsAgain (reply: Reply): boolean {
    const { server } = this.#run.use
    const waitMs = isLost(server, reply) ? this.#run.context.connections.retryAfterMs(server, this.#retries) : undefined
    if (waitMs === undefined || this.#run.context.nowMs() + waitMs > this.#run.startedMs + this.#call.timeoutMs) return false
    setTimeout(() => { if (!this.#call.done) this.connect() }, waitMs)
    return ++this.#retries > 0
  }

  #send (connection: Connection): void {
    const { relay, client, exchange } = this.#run.target
    this.#connection = connection
    // Session-era servers were told at initialize.
    if (connection.era === 'modern' && client !== undefined) this.#call.capabilities = this.#declared(client)
    if (client?.era === 'legacy') relay.giveNotice(client, exchange)
    else client?.onLevel?.((level) => relay.levelWanted(level, connection))
    const learning = this.#run.use.isAppOnly?.(relay)
    if (learning === undefined) this.#check(connection)
    else this.#learn(learning, (isAppOnly) => isAppOnly ? this.#run.takeBack(this.#call, new GatewayError('GW_ROUTE_TOOL'), false) : this.#check(connection))
  }

  /** Something has to be asked of the server first. That is part of the caller's time: a silent server must not be waited for twice. */
  #learn<T> (asking: Promise<T>, then: (value: T) => void): void {
    const sinceMs = this.#run.context.nowMs()
    const timer = setTimeout(() => { this.#call.onReply(errorReply('GW_UPSTREAM_UNAVAILABLE')) }, this.#call.timeoutMs)
    asking.then((value) => {
      clearTimeout(timer)
      this.#call.timeoutMs = Math.max(1, this.#call.timeoutMs - (this.#run.context.nowMs() - sinceMs))
      if (!this.#call.done) then(value)
    }).catch((thrown: unknown) => this.#run.failed(this.#call, thrown))
  }

  /** Arguments that are not what the tool takes are answered here (R13). */
  #check (connection: Connection): void {
    const fault = argumentFault(this.#run.context, this.#run.caller.principal, this.#run.use, this.#run.target.relay, this.#call)
    if (fault === undefined) this.#dispatch(connection)
    else if (fault instanceof Promise) this.#learn(fault, (late) => late === undefined ? this.#dispatch(connection) : this.#unfit(late))
    else this.#unfit(fault)
  }

  /** In the server's name: it has seen nothing of the call. */
  #unfit ({ reason, reply }: ArgumentFault): void {
    if (this.#call.done) return
    this.#run.context.events.argumentsRefused(reason)
    this.#connection = undefined
    this.#call.onReply(reply)
  }

  /** Tasks are relayed on a server's own endpoint only. */
  #declared (client: Client): JsonObject {
    return capabilitiesOfRequest(this.#run.use.server, client.capabilities, mayMakeTask(this.#run.use, this.#run.target))
  }

  #dispatch (connection: Connection): void {
    if (this.#call.done) return
    const { relay, client } = this.#run.target
    if (this.#call.params?.['task'] !== undefined && !mayBecomeTask(this.#run.use, connection, client?.era)) this.#call.params = withoutTask(this.#call.params)
    const mirrored = this.#needsMirrored(connection) ? relay.mirroredOf(this.#run.use.name, connection) : undefined
    if (mirrored instanceof Promise) this.#learn(mirrored, (late) => this.#sendMirrored(connection, late))
    else if (mirrored !== undefined) this.#sendMirrored(connection, mirrored)
    else this.#transmit(connection)
  }

  /** Arguments travel in headers as well towards modern HTTP servers, and from modern clients. */
  #needsMirrored (connection: Connection): boolean {
    const { method, server } = this.#run.use
    return method === 'tools/call' && (this.#run.target.headers !== undefined || (connection.era === 'modern' && server.transport === 'http'))
  }

  #sendMirrored (connection: Connection, mirrored: readonly MirroredParam[]): void {
    if (this.#call.done) return
    const { headers, relay } = this.#run.target
    // Not looked at for nothing: large arguments are bytes as long as nobody does.
    const args = mirrored.length > 0 ? this.#call.params?.['arguments'] : undefined
    const wrong = headers && disagreeingParam(mirrored, isJsonObject(args) ? args : undefined, headers)
    if (wrong !== undefined) {
      return this.#run.takeBack(this.#call, new GatewayError('GW_PROTOCOL_HEADERS', { publicMessage: `The header ${wrong} and the argument that it mirrors do not agree.` }), true)
    }
    this.#call.mirrored = mirrored
    if (connection.era === 'legacy' && relay.requiresTask(this.#run.use.name)) {
      this.#call.isHiddenTask = true
      this.#call.params = { ...this.#call.params, task: {} }
    }
    this.#transmit(connection)
  }

  /** To the server, unless what it would answer is kept. */
  #transmit (connection: Connection): void {
    if (this.#retries > 0) return this.#call.send(connection)
    if (this.#run.use.server.tools.idempotencyKeys === true && this.#startsOnce(connection)) return
    this.#reuse = mayBeKept(this.#run.use) ? reuseOf(this.#run.context, this.#run.caller.principal, this.#run.use, this.#run.target, this.#call, connection) : undefined
    if (this.#reuse === undefined) this.#call.send(connection)
    else this.#reuse.start()
  }

  /** True: the caller has named the call, and it runs once (FR42). */
  #startsOnce (connection: Connection): boolean {
    const named = namedCallOf(this.#run.caller, this.#run.use)
    if (named === undefined) return false
    if (!named.ok) {
      this.#run.takeBack(this.#call, named.error, false)
      return true
    }
    this.#once = new OnceRun({
      store: this.#run.context.once,
      met: (outcome) => { this.#run.context.events.named?.(this.#run.use.server.name, outcome) },
      send: () => { this.#call.send(connection) },
      refuse: (error, hasStatus) => { this.#run.takeBack(this.#call, error, hasStatus) },
      thrown: (thrown) => { this.#run.failed(this.#call, thrown) }
    }, named.value, this.#call)
    this.#once.start()
    return true
  }

  /** Waits for a server that is starting no longer than for its answer (FR03). The start goes on for the next call. */
  #sendLater (starting: Promise<Connection>): void {
    const timer = setTimeout(() => this.#call.onReply(errorReply('GW_UPSTREAM_UNAVAILABLE')), this.#call.timeoutMs)
    starting.then((connection) => {
      clearTimeout(timer)
      if (!this.#call.done) this.#send(connection)
    }, (thrown: unknown) => {
      clearTimeout(timer)
      this.#call.onReply({ error: toJsonRpcError(toGatewayError(thrown)) })
    }).catch((thrown: unknown) => this.#run.failed(this.#call, thrown))
  }
}
