import { randomInt } from 'node:crypto'
import { DelayLine } from '../shared/delay-line.ts'
import type { ErrorCode } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Era } from '../shared/era.ts'
import { errorReply, isJsonObject, notificationText, requestMessage, requestText, type JsonObject, type Reply } from '../protocol/index.ts'
import { CallMeter } from './call-meter.ts'
import { CallSlots } from './call-slots.ts'
import { GivenUp } from './given-up.ts'
import { LegacySpeech } from './legacy-speech.ts'
import { ModernSpeech } from './modern-speech.ts'
import { PendingCall } from './pending-call.ts'
import { readReply } from './read-reply.ts'
import { replyToCancelled } from './reply-to-cancelled.ts'
import type { AskId } from './server-asks.ts'
import type { ConnectionFault, Hop, Speech } from './speech.ts'
import { Turns } from './turns.ts'
import type { CallHandle, CallSet, CancelReason, Connection, ConnectionPeer, UpstreamCall, UpstreamSubscription } from './types.ts'
import type { Wire } from './wire.ts'

/** Inner ids start at a random point, so that no server can guess the ids it does not owe (T39). Ids stay below 2 ** 53 for longer than any server lives. */
const FIRST_TURN_RANGE = 2 ** 36
/** Calls on one server at once, waiting ones included. Far more than the limits let through; ids have room for six times as many. */
const MAX_CALLS = 10_000

/** What a connection over one wire needs. Callbacks must not throw. */
export interface WireConnectionOptions {
  readonly server: ServerName
  readonly wire: Wire
  /** Who we say we are. */
  readonly clientInfo: JsonObject
  /** `interactive: true`: one client call at a time, so that what the server asks always has one owner (rulings 4). */
  readonly serialise: boolean
  /** How long the server may stay silent on a liveness check before it is taken for hung and ended (FR02). */
  readonly graceMs: number
  readonly nowMs: () => number
  /** What most calls wait for their answer, in milliseconds. */
  readonly timeoutMs: number
  readonly onFault: (kind: ConnectionFault) => void
  /** Something of ours threw while a message was handled. */
  readonly onThrown: (thrown: unknown) => void
}

/**
 * MCP over one wire: ids and progress tokens are minted here, so that nothing a client chose reaches the server and nothing
 * the server forges reaches a client (T18, T20, T39). Born without an era: the handshake settles it, and only then is the
 * connection handed out.
 */
export class WireConnection implements Connection {
  readonly server: ServerName
  readonly openedAtMs: number
  readonly #options: WireConnectionOptions
  readonly #wire: Wire
  readonly #hop: Hop
  /** Sent or waiting for their turn. */
  readonly #calls = new CallSlots<PendingCall>(randomInt(FIRST_TURN_RANGE))
  readonly #turns: Turns<PendingCall> | undefined
  readonly deadlines: DelayLine
  readonly #givenUp = new GivenUp()
  readonly usage = new CallMeter(() => this.#open && this.#calls.size === 0)
  #speech: Speech
  #open = true
  #settled = false
  #lastHeardMs: number
  initializeResult: JsonObject = {}
  listen?: (subscription: UpstreamSubscription) => { close (): void }
  alive?: (timeoutMs: number) => Promise<boolean>

  constructor (options: WireConnectionOptions) {
    this.#options = options
    this.#wire = options.wire
    this.#turns = options.serialise ? new Turns() : undefined
    this.server = options.server
    this.deadlines = new DelayLine(options.timeoutMs, options.nowMs)
    this.openedAtMs = options.nowMs()
    this.#lastHeardMs = this.openedAtMs
    this.#hop = {
      send: (text) => this.#open ? this.#wire.send(text) : 'closed',
      mintId: () => this.#mintId(),
      giveUp: (id) => { this.#givenUp.addId(id) },
      fault: options.onFault,
      thrown: options.onThrown
    }
    this.#speech = new LegacySpeech(this.#hop)
    this.#wire.onMessage = (message) => this.#receive(message)
    this.#wire.onUndelivered = (callId, code) => this.#undelivered(callId, code)
    // `exited` never rejects.
    this.#wire.exited.then(() => this.#end(), () => this.#end())
  }

  get open (): boolean { return this.#open && !this.usage.isRetired }
  get era (): Era { return this.#speech.era }
  get pid (): number | undefined { return this.#wire.pid }
  get inFlight (): CallSet { return this.#calls }
  get lingering (): CallSet { return this.#givenUp.lingering }
  nowMs (): number { return this.#options.nowMs() }

  /** From here on the server is spoken to in this era; `peer` gets everything, what a legacy server asks in the handshake included. */
  speak (era: Era, peer: ConnectionPeer): void {
    if (era === 'legacy') {
      this.#speech = new LegacySpeech(this.#hop, peer)
      return
    }
    const speech = new ModernSpeech({ hop: this.#hop, peer, clientInfo: this.#options.clientInfo, isGivenUp: (id) => this.#givenUp.has(id) })
    this.#speech = speech
    this.listen = (subscription) => speech.listen(subscription)
  }

  /** The handshake is done. */
  settle (initializeResult: JsonObject): void {
    this.initializeResult = initializeResult
    this.#settled = true
    this.usage.calls = 0
  }

  /** One request of the handshake: as it stands, and without any word to the server when it comes to nothing. */
  ask (method: string, params: JsonObject, timeoutMs: number): Promise<Reply> {
    return new Promise((resolve) => {
      const pending = this.#begin({ method, params, timeoutMs, maxTimeoutMs: timeoutMs, origin: undefined, onReply: resolve })
      if (!pending.settled) this.#write(pending, params)
    })
  }

  call (call: UpstreamCall): CallHandle {
    const pending = this.#begin(call)
    if (!pending.settled && (this.#turns === undefined || call.origin === undefined || this.#turns.take(pending))) this.#send(pending)
    return pending
  }

  #begin (call: UpstreamCall): PendingCall {
    const pending = new PendingCall(this, call, this.#calls.nextId())
    this.#calls.set(pending)
    this.usage.began()
    if (!this.#open || this.#calls.size > MAX_CALLS) this.#finish(pending, errorReply('GW_UPSTREAM_UNAVAILABLE'))
    return pending
  }

  #send (pending: PendingCall): void {
    this.#write(pending, this.#speech.paramsOf(pending.call, pending.id))
  }

  #write (pending: PendingCall, params: JsonObject | undefined): void {
    const { call, id } = pending
    pending.sent = true
    const outcome = this.#wire.send(requestMessage(id, call.method, params), id)
    if (outcome === 'sent') return
    pending.sent = false
    // 'closed': the server has just ended, and the end of this connection answers the call with all others that it never got. At
    // once would let a busy caller ask again, and fail again, until that is noticed (FR01).
    if (outcome === 'full') this.#finish(pending, errorReply('GW_UPSTREAM_UNAVAILABLE'))
  }

  #undelivered (callId: number, code: ErrorCode): void {
    const pending = this.#calls.get(callId)
    if (pending !== undefined) this.#finish(pending, errorReply(code))
  }

  notify (method: string, params?: JsonObject): void {
    if (this.#speech.era === 'legacy') this.#hop.send(notificationText(method, params))
  }

  async close (): Promise<void> {
    this.#end()
    await this.#wire.stop()
  }

  /** The caller is answered at once; the server is told, and one that stays silent after that is ended (FR02). */
  expire (pending: PendingCall): void {
    const { sent } = pending
    this.#giveUp(pending, 'deadline', errorReply(sent ? 'GW_UPSTREAM_DEADLINE' : 'GW_UPSTREAM_UNAVAILABLE'))
    if (sent && this.#settled) this.checkAlive()
  }

  cancel (pending: PendingCall, reason: CancelReason): void {
    this.#giveUp(pending, reason, replyToCancelled(pending.sent, reason))
  }

  #giveUp (pending: PendingCall, reason: CancelReason, reply: Reply): void {
    if (pending.settled) return
    // MCP: initialize must not be cancelled; a server that never answers the handshake is ended by whoever opens it.
    if (pending.sent && this.#settled) {
      this.#givenUp.addCall(pending)
      this.#hop.send(notificationText('notifications/cancelled', { requestId: pending.id, reason }))
    }
    this.#finish(pending, reply)
  }

  #mintId (): number {
    const id = this.#calls.nextId()
    this.#calls.release(id)
    return id
  }

  /** Ends a server that does not say anything within the grace, though it is asked (FR02). */
  checkAlive (): void {
    const askedAtMs = this.#options.nowMs()
    const id = this.#mintId()
    this.#givenUp.addId(id)
    this.#hop.send(requestText(id, this.#speech.liveness.method, this.#speech.liveness.params))
    setTimeout(() => {
      if (!this.#open || this.#lastHeardMs >= askedAtMs) return
      this.#wire.kill()
      // Not only when its end is noticed: the next call shall have a fresh server.
      this.#end()
    }, this.#options.graceMs).unref()
  }

  #finish (pending: PendingCall, reply: Reply): void {
    if (pending.settled) return
    this.#calls.release(pending.id)
    const next = this.#turns?.end(pending)
    if (next !== undefined) this.#send(next)
    try {
      pending.settle(reply)
    } catch (thrown) {
      // One caller's trouble must not keep the others from their answers.
      this.#options.onThrown(thrown)
    }
    this.usage.ended()
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
    else if (typeof id === 'string' || Number.isFinite(id)) this.#speech.receiveRequest(id as AskId, method, asObject(message['params']))
    else this.#options.onFault('malformed_message')
  }

  #receiveReply (id: unknown, message: Record<string, unknown>): void {
    const pending = this.#calls.get(id)
    if (pending?.sent === true) {
      const reply = readReply(message)
      if (reply === undefined) this.#options.onFault('malformed_reply')
      this.#finish(pending, reply ?? errorReply('GW_UPSTREAM_PROTOCOL'))
    } else if (!this.#speech.receiveReply(id)) {
      const fault = this.#givenUp.answered(id)
      if (fault !== undefined) this.#options.onFault(fault)
    }
  }

  #receiveNotification (method: string, params: JsonObject | undefined): void {
    if (method === 'notifications/progress') this.#receiveProgress(params)
    else this.#speech.receiveNotification(method, params)
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
    this.#speech.drop()
    this.#givenUp.clear()
    this.#turns?.clear()
    for (const pending of this.#calls) this.#finish(pending, errorReply(pending.sent ? 'GW_UPSTREAM_LOST' : 'GW_UPSTREAM_UNAVAILABLE'))
    this.#speech.end()
  }
}

function asObject (value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}
