import { ChurnList } from '../../shared/churn-list.ts'
import type { RequestHead } from '../../net/index.ts'
import { errorReply, notificationText, requestMessage, writable, type JsonObject } from '../../protocol/index.ts'
import { LINGER_MS } from '../given-up.ts'
import { legacyParams } from '../legacy-params.ts'
import { ServerAsks, type AskId } from '../server-asks.ts'
import type { CancelReason, ConnectionPeer, EraVerdicts, UpstreamCall } from '../types.ts'
import { askOnce, type OneAsk } from './ask-once.ts'
import { CallResume } from './call-resume.ts'
import { FAREWELL_MS, MAX_CALL_STREAM_BYTES } from './caps.ts'
import { Errands } from './errands.ts'
import type { HttpCall } from './http-call.ts'
import { HttpConnection, type HttpConnectionOptions } from './http-connection.ts'
import { shakeHands, type LegacySession } from './legacy-session.ts'
import { replyToRefusal, type Refusal } from './refusal-reply.ts'
import { SessionStream } from './session-stream.ts'

/** What a connection of the session era needs besides. */
export interface LegacyConnectionOptions extends HttpConnectionOptions {
  /** Of the first handshake. */
  readonly session: LegacySession
  /** What was declared in it, and is again when the session has to be renewed. */
  readonly capabilities: JsonObject
  readonly verdicts: EraVerdicts
}

/**
 * Streamable HTTP of 2025-03-26 to 2025-11-25: a session, calls that survive their streams, questions on the streams of
 * calls, and a stream for the rest.
 */
export class LegacyConnection extends HttpConnection {
  readonly era = 'legacy'
  readonly lingering = new ChurnList<HttpCall>()
  readonly #own: LegacyConnectionOptions
  readonly #errands: Errands
  #session: LegacySession
  #asks: ServerAsks
  #stream: SessionStream | undefined
  /** Under way; never rejects. */
  #renewing: Promise<void> | undefined
  #checking = false
  readonly #ended = new AbortController()

  constructor (options: LegacyConnectionOptions) {
    super(options, options.hop.server.interactive)
    this.#own = options
    this.#errands = new Errands(options.hop.outbound)
    this.#session = options.session
    this.#asks = this.#newAsks()
  }

  get initializeResult (): JsonObject { return this.#session.result }

  /** Ends the handshake and opens the session's stream. Resolves with the status that the server gave; 0 = none. */
  async begin (): Promise<number> {
    const session = this.#session
    const status = await this.#errands.run(session.post, notificationText('notifications/initialized'), this.options.hop.server.startTimeoutMs)
    if (status < 200 || status >= 300 || !this.open) return status
    for (const message of session.early) this.heard(message)
    this.#stream = new SessionStream(this.options.hop, session, {
      onMessage: (message) => { this.heard(message) },
      onExpired: (expired) => { this.#renew(expired).catch(this.options.onThrown) },
      onBreach: () => { this.options.onFault('malformed_message') }
    })
    this.#stream.start()
    return status
  }

  #newAsks (): ServerAsks {
    const { post } = this.#session
    return new ServerAsks((text) => { if (this.open) this.#tell(text, post) }, this.options.onThrown)
  }

  #tell (text: string, head: RequestHead): void {
    this.#errands.run(head, text).catch(this.options.onThrown)
  }

  notify (method: string, params?: JsonObject): void {
    if (this.open) this.#tell(notificationText(method, params), this.#session.post)
  }

  protected send (call: HttpCall): void {
    if (this.#renewing === undefined) this.#post(call)
    else this.#renewing.then(() => this.#post(call), this.options.onThrown)
  }

  #post (call: HttpCall): void {
    if (call.settled) return
    const { id } = call
    call.session = this.#session
    const body = writable(requestMessage(id, call.call.method, legacyParams(call.call, id)))
    this.exchangeFor(call, MAX_CALL_STREAM_BYTES).send(this.options.hop.outbound, this.#session.post, body)
  }

  protected withdraw (call: HttpCall, reason: CancelReason): void {
    this.notify('notifications/cancelled', { requestId: call.id, reason })
    if (call.call.origin === undefined) return
    this.lingering.add(call)
    setTimeout(() => this.lingering.delete(call), LINGER_MS).unref()
  }

  protected refused (call: HttpCall, refusal: Refusal): void {
    // About the GET that took the stream up again, not about the call, which may have run.
    if (call.resumption !== undefined) return this.#resumptionRefused(call, refusal)
    // A session that is not known has nothing to say about the request in it.
    const isAnswer = refusal.error !== undefined && refusal.id === call.id
    if (refusal.status === 404 && call.session?.id !== undefined && !isAnswer) return this.#replay(call, call.session)
    const reply = replyToRefusal(refusal, call.id, call.call.method)
    this.finish(call, reply ?? errorReply('GW_UPSTREAM_PROTOCOL'))
    if (reply === undefined) this.#check().catch(this.options.onThrown)
  }

  #resumptionRefused (call: HttpCall, refusal: Refusal): void {
    if (refusal.status < 500) this.finish(call, errorReply('GW_UPSTREAM_LOST'))
    else this.broken(call)
  }

  /** 404 proves that it did not run: once more, in a new session (FR12). */
  #replay (call: HttpCall, expired: LegacySession): void {
    if (call.isReplayed) return this.finish(call, errorReply('GW_UPSTREAM_UNAVAILABLE'))
    call.isReplayed = true
    call.sent = false
    this.#renew(expired).then(() => this.#post(call), this.options.onThrown)
  }

  /** One handshake for everybody who found the session expired; none when that was noticed before. */
  #renew (expired: LegacySession): Promise<void> {
    if (this.#session !== expired || !this.open) return this.#renewing ?? Promise.resolve()
    this.#renewing ??= this.#shakeHandsAgain()
    return this.#renewing
  }

  async #shakeHandsAgain (): Promise<void> {
    this.#stream?.stop()
    const isRenewed = await this.#newSession().catch((thrown: unknown) => {
      this.options.onThrown(thrown)
      return false
    })
    // Before the peer is told: what it restores goes ahead of the calls that wait here.
    this.#renewing = undefined
    if (!isRenewed) return this.end()
    try {
      this.peer?.onReset?.()
    } catch (thrown) {
      this.options.onThrown(thrown)
    }
  }

  /** False: there is none to be had, or nobody wants it any more. */
  async #newSession (): Promise<boolean> {
    const { hop, capabilities, verdicts } = this.#own
    const handshake = await shakeHands(hop, capabilities, hop.server.startTimeoutMs, this.#ended.signal)
    if (handshake.kind === 'refused') verdicts.forget(hop.server)
    if (handshake.kind !== 'session' || !this.open) return false
    this.#session = handshake.session
    this.#asks.end()
    this.#asks = this.#newAsks()
    const status = await this.begin()
    return status >= 200 && status < 300
  }

  protected broken (call: HttpCall): void {
    const isWaiting = this.open && CallResume.next(call, (lastEventId) => this.#reopen(call, lastEventId))
    if (!isWaiting) this.finish(call, errorReply('GW_UPSTREAM_LOST'))
  }

  #reopen (call: HttpCall, lastEventId: string): void {
    const head = (call.session ?? this.#session).stream.with(['last-event-id', lastEventId])
    this.exchangeFor(call, MAX_CALL_STREAM_BYTES, true).send(this.options.hop.outbound, head)
  }

  protected liveness (): Pick<OneAsk, 'method' | 'params' | 'head'> {
    return { method: 'ping', params: undefined, head: this.#session.post }
  }

  /** A refusal that may be about the call or about all of us: a ping tells. A server that refuses it too is found out about anew. */
  async #check (): Promise<void> {
    if (this.#checking || !this.open) return
    this.#checking = true
    const { hop, verdicts } = this.#own
    const session = this.#session
    const answer = await askOnce(hop, { ...this.liveness(), timeoutMs: hop.server.timeoutMs, signal: this.#ended.signal })
    this.#checking = false
    if (answer.kind !== 'refused' || !this.open) return
    if (answer.status === 404 && session.id !== undefined) return await this.#renew(session)
    verdicts.forget(hop.server)
    this.end()
  }

  protected asked (id: AskId, method: string, params: JsonObject | undefined, about: UpstreamCall | undefined): void {
    this.#asks.receive(about === undefined ? this.peer : this.#peerFor(about), id, method, params)
  }

  /** The stream on which a question came tells whom it is about. */
  #peerFor (about: UpstreamCall): ConnectionPeer | undefined {
    const { peer } = this
    return peer && {
      onRequest: (method, params, signal) => peer.onRequest(method, params, signal, about),
      onNotification: (method, params) => { peer.onNotification(method, params, about) },
      onEnd: () => { peer.onEnd() }
    }
  }

  protected notified (method: string, params: JsonObject | undefined, about: UpstreamCall | undefined): void {
    if (method === 'notifications/cancelled') this.#asks.withdraw(params?.['requestId'])
    else this.peer?.onNotification(method, params, about)
  }

  protected over (): void {
    this.#ended.abort()
    this.#stream?.stop()
    this.#asks.end()
    for (const call of this.lingering) this.lingering.delete(call)
  }

  protected async farewell (): Promise<void> {
    const { id, farewell } = this.#session
    if (id !== undefined) await this.#errands.run(farewell, undefined, FAREWELL_MS)
  }
}
