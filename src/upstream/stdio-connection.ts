import { randomInt } from 'node:crypto'
import { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Worker } from '../stdio-pool/index.ts'
import { errorReply, isJsonObject, notificationText, requestText, type JsonObject, type Reply } from '../protocol/index.ts'
import { CallSlots } from './call-slots.ts'
import { PendingCall } from './pending-call.ts'
import { ServerAsks } from './server-asks.ts'
import type { CallHandle, CallSet, CancelReason, Connection, ConnectionPeer, UpstreamCall } from './types.ts'

/** How long a worker that let a deadline pass may stay silent on a ping before it is taken for hung and killed (FR02). */
const HANG_GRACE_MS = 2000
/** Inner ids start at a random point, so that no server can guess the ids it does not owe (T39). Ids stay below 2 ** 53 for longer than any worker lives. */
const FIRST_TURN_RANGE = 2 ** 36
/** Calls on one server at once, waiting ones included. Far more than the limits let through; ids have room for six times as many. */
const MAX_CALLS = 10_000
/** Given-up ids that are remembered, so that a late reply is not counted as a forged one. */
const MAX_GIVEN_UP = 1024
/** How long after its end a given-up call may still be what a server asks or says something about. */
const LINGER_MS = 5000

/** Closed set: metric label `kind` of worker_protocol_error_total, as far as it is seen here. */
export type ConnectionFault = 'unknown_id' | 'late_reply' | 'malformed_reply' | 'malformed_message'

export interface StdioConnectionOptions {
  readonly server: ServerName
  readonly worker: Worker
  /** `interactive: true`: one client call at a time, so that what the server asks always has one owner (rulings 4). */
  readonly serialise: boolean
  readonly nowMs: () => number
  readonly onFault: (kind: ConnectionFault) => void
  /** Something of ours threw while a message was handled. */
  readonly onThrown: (thrown: unknown) => void
}

/**
 * MCP over one worker: ids and progress tokens are minted here, so that nothing a client chose reaches the process and
 * nothing the process forges reaches a client (T18, T20, T39).
 */
export class StdioConnection implements Connection {
  readonly server: ServerName
  readonly era = 'legacy'
  readonly openedAtMs: number
  readonly #options: StdioConnectionOptions
  readonly #worker: Worker
  /** Sent or waiting for their turn. */
  readonly #calls = new CallSlots<PendingCall>(randomInt(FIRST_TURN_RANGE))
  readonly #lingering = new Set<PendingCall>()
  readonly #waiting: PendingCall[] = []
  /** The call that has the server to itself, with `serialise`. */
  #exclusive: PendingCall | undefined
  readonly #asks: ServerAsks
  /** Ids whose caller has been answered already (cancel, deadline), oldest first. */
  readonly #givenUp = new Set<number>()
  #peer: ConnectionPeer | undefined
  #open = true
  #lastHeardMs: number
  initializeResult: JsonObject = {}

  constructor (options: StdioConnectionOptions) {
    this.#options = options
    this.#worker = options.worker
    this.server = options.server
    this.openedAtMs = options.nowMs()
    this.#lastHeardMs = this.openedAtMs
    this.#asks = new ServerAsks((text) => { if (this.#open) this.#worker.send(text) }, options.onThrown)
    this.#worker.onMessage = (message) => this.#receive(message)
    // `exited` never rejects.
    this.#worker.exited.then(() => this.#end(), () => this.#end())
  }

  get open (): boolean { return this.#open }
  get pid (): number { return this.#worker.pid }
  get inFlight (): CallSet { return this.#calls }
  get lingering (): CallSet { return this.#lingering }
  nowMs (): number { return this.#options.nowMs() }

  /**
   * Runs the handshake. `peer` gets everything from here on, what the server asks during it included.
   * @throws GatewayError GW_UPSTREAM_START when the server refuses, ends or is late; the caller ends the worker then
   */
  async initialize (params: JsonObject, peer: ConnectionPeer, timeoutMs: number): Promise<void> {
    this.#peer = peer
    const reply = await new Promise<Reply>((resolve) => {
      this.call({ method: 'initialize', params, timeoutMs, maxTimeoutMs: timeoutMs, origin: undefined, onReply: resolve })
    })
    if (reply.error !== undefined || !isJsonObject(reply.result)) {
      throw new GatewayError('GW_UPSTREAM_START', { reason: reply.error === undefined ? 'initialize was answered without a result' : `initialize failed: ${reply.error.code}` })
    }
    this.initializeResult = reply.result
    this.notify('notifications/initialized')
  }

  call (call: UpstreamCall): CallHandle {
    const pending = new PendingCall(this, call, this.#calls.nextId())
    this.#calls.set(pending)
    if (!this.#open || this.#calls.size > MAX_CALLS) this.#finish(pending, errorReply('GW_UPSTREAM_UNAVAILABLE'))
    else if (this.#options.serialise && call.origin !== undefined) this.#takeTurn(pending)
    else this.#send(pending)
    return pending
  }

  #takeTurn (pending: PendingCall): void {
    if (this.#exclusive !== undefined) {
      this.#waiting.push(pending)
      return
    }
    this.#exclusive = pending
    this.#send(pending)
  }

  #send (pending: PendingCall): void {
    const { call, id } = pending
    pending.sent = true
    const outcome = this.#worker.send(requestText(id, call.method, ownToken(call, id)))
    if (outcome === 'sent') return
    this.#finish(pending, errorReply(outcome === 'full' ? 'GW_UPSTREAM_UNAVAILABLE' : 'GW_UPSTREAM_LOST'))
  }

  notify (method: string, params?: JsonObject): void {
    if (this.#open) this.#worker.send(notificationText(method, params))
  }

  async close (): Promise<void> {
    this.#end()
    await this.#worker.stop()
  }

  /** The caller is answered at once; the server is told, and a worker that stays silent after that is ended (FR02). */
  expire (pending: PendingCall): void {
    const { sent } = pending
    this.#giveUp(pending, 'deadline', errorReply(sent ? 'GW_UPSTREAM_DEADLINE' : 'GW_UPSTREAM_UNAVAILABLE'))
    if (sent) this.#killIfHung()
  }

  cancel (pending: PendingCall, reason: CancelReason): void {
    this.#giveUp(pending, reason, replyToCancelled(pending, reason))
  }

  #giveUp (pending: PendingCall, reason: CancelReason, reply: Reply): void {
    if (pending.settled) return
    if (pending.sent) {
      this.#remember(pending)
      // MCP: initialize must not be cancelled; a worker that never answers it is ended by its starter.
      if (pending.call.method !== 'initialize') this.notify('notifications/cancelled', { requestId: pending.id, reason })
    }
    this.#finish(pending, reply)
  }

  #remember (pending: PendingCall): void {
    this.#rememberId(pending.id)
    if (pending.call.origin === undefined) return
    this.#lingering.add(pending)
    setTimeout(() => this.#lingering.delete(pending), LINGER_MS).unref()
  }

  #rememberId (id: number): void {
    this.#givenUp.add(id)
    const [oldest] = this.#givenUp
    if (this.#givenUp.size > MAX_GIVEN_UP && oldest !== undefined) this.#givenUp.delete(oldest)
  }

  #killIfHung (): void {
    const askedAtMs = this.#options.nowMs()
    const id = this.#calls.nextId()
    this.#calls.release(id)
    this.#rememberId(id)
    this.#worker.send(requestText(id, 'ping', undefined))
    setTimeout(() => {
      if (!this.#open || this.#lastHeardMs >= askedAtMs) return
      this.#worker.kill()
      // Not only when its end is noticed: the next call shall have a fresh worker.
      this.#end()
    }, HANG_GRACE_MS).unref()
  }

  #finish (pending: PendingCall, reply: Reply): void {
    if (pending.settled) return
    this.#calls.release(pending.id)
    if (this.#options.serialise) this.#endTurn(pending)
    try {
      pending.settle(reply)
    } catch (thrown) {
      // One caller's trouble must not keep the others from their answers.
      this.#options.onThrown(thrown)
    }
  }

  #endTurn (finished: PendingCall): void {
    if (this.#exclusive !== finished) {
      const at = this.#waiting.indexOf(finished)
      if (at >= 0) this.#waiting.splice(at, 1)
      return
    }
    this.#exclusive = this.#open ? this.#waiting.shift() : undefined
    if (this.#exclusive !== undefined) this.#send(this.#exclusive)
  }

  /** Nothing a server writes may throw out of here: it would end every other server's work with it. */
  #receive (message: Record<string, unknown>): void {
    this.#lastHeardMs = this.#options.nowMs()
    try {
      this.#dispatch(message)
    } catch (thrown) {
      this.#options.onFault('malformed_message')
      // A RangeError is the server's: nested deeper than JSON.stringify has stack for.
      if (!(thrown instanceof RangeError)) this.#options.onThrown(thrown)
    }
  }

  #dispatch (message: Record<string, unknown>): void {
    const { id, method } = message
    if (method === undefined) this.#receiveReply(id, message)
    else if (typeof method !== 'string') this.#options.onFault('malformed_message')
    else if (id === undefined) this.#receiveNotification(method, asObject(message['params']))
    else if (typeof id === 'string' || Number.isFinite(id)) this.#asks.receive(this.#peer, id as string | number, method, asObject(message['params']))
    else this.#options.onFault('malformed_message')
  }

  #receiveReply (id: unknown, message: Record<string, unknown>): void {
    const pending = this.#calls.get(id)
    if (pending?.sent !== true) return this.#receiveStrayReply(id as number)
    this.#finish(pending, this.#replyOf(message))
  }

  #receiveStrayReply (id: number): void {
    for (const pending of this.#lingering) if (pending.id === id) this.#lingering.delete(pending)
    this.#options.onFault(this.#givenUp.delete(id) ? 'late_reply' : 'unknown_id')
  }

  #replyOf (message: Record<string, unknown>): Reply {
    const { result, error } = message
    // Some JSON-RPC libraries write both members, one of them null.
    if ((error === undefined || error === null) && result !== undefined) return { result }
    if (isJsonObject(error) && Number.isSafeInteger(error['code']) && typeof error['message'] === 'string') {
      return { error: error as unknown as NonNullable<Reply['error']> }
    }
    this.#options.onFault('malformed_reply')
    return errorReply('GW_UPSTREAM_PROTOCOL')
  }

  #receiveNotification (method: string, params: JsonObject | undefined): void {
    if (method === 'notifications/progress') this.#receiveProgress(params)
    else if (method === 'notifications/cancelled') this.#asks.withdraw(params?.['requestId'])
    else this.#peer?.onNotification(method, params)
  }

  #receiveProgress (params: JsonObject | undefined): void {
    const pending = this.#calls.get(params?.['progressToken'])
    if (pending?.sent !== true || params === undefined) return
    pending.progressed()
    pending.call.onProgress?.(params)
  }

  #end (): void {
    if (!this.#open) return
    this.#open = false
    this.#asks.end()
    this.#lingering.clear()
    this.#waiting.length = 0
    for (const pending of this.#calls) this.#finish(pending, errorReply(pending.sent ? 'GW_UPSTREAM_LOST' : 'GW_UPSTREAM_UNAVAILABLE'))
    this.#peer?.onEnd()
  }
}

/** A call that draining cut short may have run, so its client must not simply repeat it; one that was not sent has not. */
function replyToCancelled (pending: PendingCall, reason: CancelReason): Reply {
  if (reason !== 'draining') return errorReply('GW_CANCELLED')
  return errorReply(pending.sent ? 'GW_UPSTREAM_LOST' : 'GW_DRAINING')
}

/** Params with the progress token of our own hop, or with none: a client's own never reaches a server (T20). */
function ownToken (call: UpstreamCall, token: number): JsonObject | undefined {
  const { params } = call
  const meta = params?.['_meta']
  const known = isJsonObject(meta) ? meta : undefined
  if (call.onProgress !== undefined) return { ...params, _meta: { ...known, progressToken: token } }
  if (known?.['progressToken'] === undefined) return params
  const { progressToken: _clients, ...rest } = known
  return { ...params, _meta: rest }
}

function asObject (value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}
