import { randomInt } from 'node:crypto'
import { DelayLine } from '../../shared/delay-line.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { Era } from '../../shared/era.ts'
import { errorReply, isJsonObject, type JsonObject, type Reply } from '../../protocol/index.ts'
import { CallSlots } from '../call-slots.ts'
import { CredentialError } from '../credentials/credential-error.ts'
import { readReply } from '../read-reply.ts'
import { replyToCancelled } from '../reply-to-cancelled.ts'
import type { AskId } from '../server-asks.ts'
import type { ConnectionFault } from '../speech.ts'
import { Turns } from '../turns.ts'
import type { CallHandle, CallSet, CancelReason, Connection, ConnectionPeer, UpstreamCall } from '../types.ts'
import { askOnce, type OneAsk } from './ask-once.ts'
import { MAX_CALLS } from './caps.ts'
import { Exchange, type ExchangeEnd } from './exchange.ts'
import type { Hop } from './hop.ts'
import { HttpCall, type HttpCallOwner } from './http-call.ts'
import { isOutage, mayPass } from './outage.ts'
import { isRead, type Refusal } from './refusal-reply.ts'
import { StreamDrain } from './stream-drain.ts'

/** Ids begin at a random point, so that no server can guess one that it does not owe (T39). */
const FIRST_TURN_RANGE = 2 ** 36

/** What a connection over HTTP needs, in either era. Callbacks must not throw. */
export interface HttpConnectionOptions {
  readonly hop: Hop
  readonly nowMs: () => number
  readonly onFault: (kind: ConnectionFault) => void
  /** Something of ours threw while a message was handled. */
  readonly onThrown: (thrown: unknown) => void
}

/**
 * Calls to one Streamable HTTP server: our own ids and tokens, one exchange each, and only what comes on a call's own
 * exchange under its own id is its reply (T18, T39). What the eras do differently is in the subclasses.
 */
export abstract class HttpConnection implements Connection, HttpCallOwner {
  abstract readonly era: Era
  abstract readonly lingering: CallSet
  abstract initializeResult: JsonObject
  readonly server: ServerName
  readonly openedAtMs: number
  readonly pid = undefined
  protected readonly options: HttpConnectionOptions
  protected peer: ConnectionPeer | undefined
  readonly #calls = new CallSlots<HttpCall>(randomInt(FIRST_TURN_RANGE))
  /** Exchanges whose call has its reply. */
  readonly #drain = new StreamDrain()
  readonly #turns: Turns<HttpCall> | undefined
  readonly deadlines: DelayLine
  #open = true
  #closed: Promise<void> | undefined

  /** @param serialise one client call at a time, so that what the server asks always has one owner */
  constructor (options: HttpConnectionOptions, serialise: boolean) {
    this.options = options
    this.server = options.hop.server.name
    this.openedAtMs = options.nowMs()
    this.deadlines = new DelayLine(options.hop.server.timeoutMs, options.nowMs)
    this.#turns = serialise ? new Turns() : undefined
  }

  /** Sends the call, or sends it once more. */
  protected abstract send (call: HttpCall): void
  /** It was sent, and its caller has given it up. */
  protected abstract withdraw (call: HttpCall, reason: CancelReason): void
  protected abstract refused (call: HttpCall, refusal: Refusal): void
  /** The answer ended without the reply. */
  protected abstract broken (call: HttpCall): void
  protected abstract asked (id: AskId, method: string, params: JsonObject | undefined, about: UpstreamCall | undefined): void
  protected abstract notified (method: string, params: JsonObject | undefined, about: UpstreamCall | undefined): void
  /** The connection is over; its calls are answered. */
  protected abstract over (): void
  /** Last words to the server. */
  protected abstract farewell (): Promise<void>
  abstract notify (method: string, params?: JsonObject): void

  get open (): boolean { return this.#open }
  get inFlight (): CallSet { return this.#calls }
  nowMs (): number { return this.options.nowMs() }

  /** Who hears everything that is no reply, from here on. */
  attach (peer: ConnectionPeer): void { this.peer = peer }

  call (call: UpstreamCall): CallHandle {
    const pending = new HttpCall(this, call, this.#calls.nextId())
    this.#calls.set(pending)
    const isRefused = (this.options.hop.health?.refusedMs() ?? 0) > 0
    if (!this.#open || isRefused || this.#calls.size > MAX_CALLS) this.finish(pending, errorReply('GW_UPSTREAM_UNAVAILABLE'))
    else if (this.#turns === undefined || call.origin === undefined || this.#turns.take(pending)) this.send(pending)
    return pending
  }

  async close (): Promise<void> {
    this.end()
    this.#closed ??= this.farewell().finally(() => this.options.hop.outbound.destroy())
    await this.#closed
  }

  expire (pending: HttpCall): void {
    if (pending.sent && !pending.settled) this.options.hop.health?.failed()
    this.#giveUp(pending, 'deadline', errorReply(pending.sent ? 'GW_UPSTREAM_DEADLINE' : 'GW_UPSTREAM_UNAVAILABLE'))
  }

  cancel (pending: HttpCall, reason: CancelReason): void {
    this.#giveUp(pending, reason, replyToCancelled(pending.sent, reason))
  }

  #giveUp (pending: HttpCall, reason: CancelReason, reply: Reply): void {
    if (pending.settled) return
    if (pending.sent) this.withdraw(pending, reason)
    this.finish(pending, reply)
  }

  /** An exchange of the call's own; what comes on it is read as the call's. */
  protected exchangeFor (call: HttpCall, maxStreamBytes: number, streamOnly = false): Exchange {
    const exchange = new Exchange(call, { maxStreamBytes, streamOnly })
    call.exchange = exchange
    return exchange
  }

  /** Answers the caller, once; its exchange is cut. */
  protected finish (pending: HttpCall, reply: Reply): void {
    if (pending.settled) return
    pending.exchange?.abort()
    this.#settle(pending, reply)
  }

  #settle (pending: HttpCall, reply: Reply): void {
    pending.resumption?.stop()
    clearTimeout(pending.retryTimer)
    this.#calls.release(pending.id)
    try {
      pending.settle(reply)
    } catch (thrown) {
      // One caller's trouble must not keep the others from their answers.
      this.options.onThrown(thrown)
    }
    const next = this.#turns?.end(pending)
    if (next !== undefined) this.send(next)
  }

  received (pending: HttpCall, message: JsonObject): void {
    if (!pending.settled) this.#take(message, pending)
  }

  /** A message that came on no call's exchange. */
  heard (message: JsonObject): void { this.#take(message, undefined) }

  /** Nothing that a server writes may throw out of here: it would end other servers' work with it. */
  #take (message: JsonObject, pending: HttpCall | undefined): void {
    try {
      this.#dispatch(message, pending)
    } catch (thrown) {
      this.options.onFault('malformed_message')
      // A RangeError is the server's: nested deeper than JSON.stringify has stack for.
      if (!(thrown instanceof RangeError)) this.options.onThrown(thrown)
    }
  }

  #dispatch (message: JsonObject, pending: HttpCall | undefined): void {
    const { id, method } = message
    const params = isJsonObject(message['params']) ? message['params'] : undefined
    if (method === undefined) this.#receiveReply(id, message, pending)
    else if (typeof method !== 'string') this.options.onFault('malformed_message')
    else if (id !== undefined) {
      if (typeof id === 'string' || Number.isFinite(id)) this.asked(id as AskId, method, params, pending?.call)
      else this.options.onFault('malformed_message')
    } else if (method === 'notifications/progress') this.#receiveProgress(params)
    else this.notified(method, params, pending?.call)
  }

  #receiveReply (id: unknown, message: JsonObject, pending: HttpCall | undefined): void {
    if (pending === undefined || id !== pending.id) return this.options.onFault('unknown_id')
    let reply = readReply(message)
    if (reply === undefined) {
      this.options.onFault('malformed_reply')
      reply = errorReply('GW_UPSTREAM_PROTOCOL')
    }
    this.options.hop.health?.succeeded()
    if (pending.exchange?.isStream === true) this.#drain.add(pending.exchange)
    this.#settle(pending, reply)
  }

  #receiveProgress (params: JsonObject | undefined): void {
    const pending = this.#calls.get(params?.['progressToken'])
    if (pending?.sent !== true || params === undefined) return
    pending.progressed()
    pending.call.onProgress?.(params)
  }

  ended (pending: HttpCall, end: ExchangeEnd): void {
    if (pending.settled) return
    const isDown = isOutage(end)
    if (isDown) this.options.hop.health?.failed()
    if ((isDown || end.kind === 'lost') && this.#sendsAgain(pending, end)) return
    if (end.kind === 'refused') return this.refused(pending, end)
    // A body that is complete and did not hold the reply, or what is no body of MCP at all.
    if (end.kind === 'breach' || (end.kind === 'complete' && pending.exchange?.isStream !== true)) {
      this.options.onFault('malformed_message')
      return this.finish(pending, errorReply('GW_UPSTREAM_PROTOCOL'))
    }
    if (pending.sent) this.broken(pending)
    else this.finish(pending, errorReply(end.kind === 'lost' && end.error instanceof CredentialError ? end.error.code : 'GW_UPSTREAM_UNAVAILABLE'))
  }

  /** Only when nothing can have been done, or what was done does not matter (FR11). A stream that can be taken up again is. */
  #sendsAgain (pending: HttpCall, end: ExchangeEnd): boolean {
    if (!this.#open || pending.resumption !== undefined || pending.exchange?.lastEventId !== undefined) return false
    return end.kind === 'lost' && !pending.sent && pending.retries === 0 ? this.#resends(pending, end.error) : this.#retries(pending)
  }

  /** No byte of it has left: once, and at once. */
  #resends (pending: HttpCall, error: Error): boolean {
    if (pending.isResent || !mayPass(error) || this.options.hop.health?.mayResend() === false) return false
    pending.isResent = true
    this.send(pending)
    return true
  }

  /** It stays `sent` while it waits: nobody knows what became of the first one. */
  #retries (pending: HttpCall): boolean {
    if (pending.call.repeatable !== true && !isRead(pending.call.method)) return false
    const waitMs = this.options.hop.health?.retryAfterMs(pending.retries)
    if (waitMs === undefined) return false
    pending.retries++
    pending.retryTimer = setTimeout(() => { if (this.#open && !pending.settled) this.send(pending) }, waitMs)
    return true
  }

  /** What has no effect, in the words of the era. */
  protected abstract liveness (): Pick<OneAsk, 'method' | 'params' | 'head'>

  async alive (timeoutMs: number): Promise<boolean> {
    const answer = await askOnce(this.options.hop, { ...this.liveness(), timeoutMs })
    return answer.kind !== 'failed' || answer.isOutage !== true
  }

  /** Ends it for everybody. Calls that were not sent may be repeated, the others may have run. */
  protected end (): void {
    if (!this.#open) return
    this.#open = false
    this.#turns?.clear()
    for (const pending of this.#calls) this.finish(pending, errorReply(pending.sent ? 'GW_UPSTREAM_LOST' : 'GW_UPSTREAM_UNAVAILABLE'))
    this.#drain.end()
    this.over()
    this.peer?.onEnd()
  }
}
