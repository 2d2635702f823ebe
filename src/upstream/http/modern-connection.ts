import { errorReply, requestMessage, withModernMeta, writable, type JsonObject } from '../../protocol/index.ts'
import { ERRORS } from '../../shared/errors.ts'
import type { CallHandle, CallSet, EraVerdicts, UpstreamCall, UpstreamSubscription } from '../types.ts'
import { MAX_CALL_STREAM_BYTES } from './caps.ts'
import { discover, discoverAsk } from './discover.ts'
import type { HttpCall } from './http-call.ts'
import { HttpConnection, type HttpConnectionOptions } from './http-connection.ts'
import { ModernHeads } from './modern-head.ts'
import { ModernListen } from './modern-listen.ts'
import { replyToRefusal, type Refusal } from './refusal-reply.ts'
import { usableTools } from './usable-tools.ts'

const UNSUPPORTED_VERSION = ERRORS.GW_PROTOCOL_UNSUPPORTED.rpcCode
/** After so long, what the server offers is looked at again: nothing ends when it is replaced behind its URL (T23). */
const REDISCOVER_MS = 300_000
/** The block of the specification, and what is JSON-RPC's own: errors about the request, not about who we are. */
const isAboutTheRequest = (code: number): boolean => (code <= -32020 && code >= -32099) || (code <= -32600 && code >= -32603)

/** What a connection of the modern era needs besides. */
export interface ModernConnectionOptions extends HttpConnectionOptions {
  /** Of `discover`. */
  readonly initializeResult: JsonObject
  readonly capabilities: JsonObject
  readonly verdicts: EraVerdicts
}

/** MCP 2026-07-28 over HTTP: each request stands alone, its stream is its own, and to close it is to cancel. */
export class ModernConnection extends HttpConnection {
  readonly era = 'modern'
  initializeResult: JsonObject
  /** A server that is told by the end of the stream has nothing to say any more. */
  readonly lingering: CallSet = { size: 0, [Symbol.iterator]: () => [][Symbol.iterator]() }
  readonly #own: ModernConnectionOptions
  readonly #heads: ModernHeads
  readonly #listens = new Set<ModernListen>()
  #checking: Promise<boolean> | undefined
  #discoveredAtMs: number

  constructor (options: ModernConnectionOptions) {
    super(options, false)
    this.#own = options
    this.#heads = new ModernHeads(options.hop)
    this.initializeResult = options.initializeResult
    this.#discoveredAtMs = this.openedAtMs
  }

  override call (call: UpstreamCall): CallHandle {
    if (this.nowMs() - this.#discoveredAtMs >= REDISCOVER_MS) this.#discoverAgain().catch(this.options.onThrown)
    if (call.method !== 'tools/list') return super.call(call)
    return super.call({ ...call, onReply: (reply) => { call.onReply(usableTools(reply, () => this.options.onFault('unusable_tool'))) } })
  }

  /** Modern servers are sent no notifications over HTTP. */
  notify (): void {}

  protected send (pending: HttpCall): void {
    if (pending.settled) return
    const { outbound, clientInfo } = this.options.hop
    const { call, id } = pending
    const progressToken = call.onProgress === undefined ? undefined : id
    const params = withModernMeta(call.params, { capabilities: call.capabilities ?? {}, clientInfo, logLevel: call.logLevel, progressToken })
    const head = this.#heads.of(call.method, params, call.mirrored)
    this.exchangeFor(pending, MAX_CALL_STREAM_BYTES).send(outbound, head, writable(requestMessage(id, call.method, params)))
  }

  /** The end of the exchange says it all. */
  protected withdraw (): void {}

  /** Streams of calls are not resumed in this era. */
  protected broken (call: HttpCall): void {
    this.finish(call, errorReply('GW_UPSTREAM_LOST'))
  }

  protected refused (call: HttpCall, refusal: Refusal): void {
    const { error } = refusal
    if (error?.code === UNSUPPORTED_VERSION) return this.#mismatch(call)
    const reply = replyToRefusal(refusal, call.id, call.call.method)
    if (reply !== undefined) this.finish(call, reply)
    else if (error !== undefined && isAboutTheRequest(error.code)) this.finish(call, { error })
    else this.#isStillModern().then((isModern) => isModern ? this.finish(call, errorReply('GW_UPSTREAM_PROTOCOL')) : this.#mismatch(call), this.options.onThrown)
  }

  /** It is not, or no longer, a modern server. What it refused so did not run. */
  #mismatch (call: HttpCall): void {
    this.#own.verdicts.forget(this.options.hop.server)
    this.finish(call, errorReply('GW_UPSTREAM_UNAVAILABLE'))
    this.end()
  }

  /** A refusal that may be about the call or about the era: discovery tells. One for all who wonder. */
  #isStillModern (): Promise<boolean> {
    const { hop, capabilities } = this.#own
    this.#checking ??= discover(hop, capabilities, hop.server.timeoutMs)
      .then(({ kind }) => kind !== 'lacks')
      .finally(() => { this.#checking = undefined })
    return this.#checking
  }

  protected liveness (): ReturnType<typeof discoverAsk> {
    return discoverAsk(this.options.hop, this.#own.capabilities)
  }

  /** Beside the call that noticed the age. Of a server that lacks the era now, or cannot be reached, its next refusal tells. */
  async #discoverAgain (): Promise<void> {
    const { hop, capabilities } = this.#own
    this.#discoveredAtMs = this.nowMs()
    const found = await discover(hop, capabilities, hop.server.timeoutMs)
    if (found.kind !== 'found' || !this.open || JSON.stringify(found.initializeResult) === JSON.stringify(this.initializeResult)) return
    this.initializeResult = found.initializeResult
    this.peer?.onReset?.()
  }

  listen (subscription: UpstreamSubscription): { close (): void } {
    const { options } = this
    const listen = new ModernListen(options, subscription, () => this.#listens.delete(listen))
    this.#listens.add(listen)
    if (this.open) listen.start()
    else listen.end()
    return listen
  }

  /** Modern servers ask within results, never by a request. */
  protected asked (): void {
    this.options.onFault('malformed_message')
  }

  protected notified (method: string, params: JsonObject | undefined, about: UpstreamCall | undefined): void {
    this.peer?.onNotification(method, params, about)
  }

  protected over (): void {
    for (const listen of this.#listens) listen.end()
  }

  /** There is no session that would have to be ended. */
  protected async farewell (): Promise<void> {}
}
