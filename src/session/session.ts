import { hasFeature, isAtLeast, notificationText, type JsonObject, type JsonRpcId, type LegacyRevision, type Reply } from '../protocol/index.ts'
import { ChurnList } from '../shared/churn-list.ts'
import type { ServerName, SessionId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { ClientAsks, type AskOptions } from './client-asks.ts'
import type { CancellableCall, Client } from './client.ts'
import { EventLog } from './event-log.ts'
import type { EventStream, StreamWriter } from './event-stream.ts'
import type { Exchange } from './exchange.ts'

/** Where a session was opened: part of its ownership (T02). */
export type SessionRoute = { readonly kind: 'server', readonly server: ServerName } | { readonly kind: 'aggregate' }

/** A route as one text, for comparison and logs. */
export function routeKey (route: SessionRoute): string {
  return route.kind === 'aggregate' ? '/mcp' : `/servers/${route.server}`
}

/** Why a session's calls end before their answer. */
export type SessionEnd = 'session_closed' | 'client_disconnected' | 'draining'

/** What the client said in initialize, as far as it is needed later. */
export interface ClientHello {
  readonly protocolVersion: LegacyRevision
  readonly capabilities: JsonObject
}

/** GET streams one session may hold open; the newest gets the messages, an older one is ended beyond this. */
const MAX_STANDALONE_READERS = 4

/** What a session is, for as long as it lives. */
export interface SessionOptions {
  readonly id: SessionId
  readonly salt: string
  readonly principal: Principal
  readonly route: SessionRoute
  readonly face: 'http' | 'sse'
  readonly nowMs: () => number
  readonly onEventDropped: () => void
}

/**
 * One client's session on the legacy protocol: what it declared, its streams, what it was asked and what it has running.
 * Holds no server connection: the gateway keeps those beside it.
 */
export class Session implements Client {
  readonly era = 'legacy'
  readonly isAway = false
  readonly id: SessionId
  readonly principal: Principal
  readonly route: SessionRoute
  readonly face: 'http' | 'sse'
  readonly log: EventLog
  /** Calls in flight; a client may reuse an id, so this is a set and not a map (T18). */
  readonly calls = new ChurnList<CancellableCall>()
  logLevel: string | undefined
  hello: ClientHello = NOT_GREETED
  /** initialize has been received. */
  greeted = false
  /** notifications/initialized has been received. */
  initialized = false
  closed = false
  lastUsedMs: number
  readonly #nowMs: () => number
  readonly #standalone: EventStream
  readonly #readers: StreamWriter[] = []
  readonly #asks = new ClientAsks()
  /** Requests that are no calls (initialize, lists) and wait for their answer. */
  #pending = 0
  readonly #onClose: Array<() => void> = []
  #closing = false

  constructor (options: SessionOptions) {
    this.id = options.id
    this.principal = options.principal
    this.route = options.route
    this.face = options.face
    this.#nowMs = options.nowMs
    this.lastUsedMs = options.nowMs()
    this.log = new EventLog(options.salt, options.onEventDropped)
    this.#standalone = this.log.open()
  }

  /** Takes in what initialize said. */
  greet (hello: ClientHello): void {
    this.hello = hello
    this.greeted = true
    // Older clients would take the empty data of a priming event for a broken message (SEP-1699).
    this.log.primes = this.face === 'http' && hasFeature(hello.protocolVersion, 'streamPriming')
  }

  /** initialize failed: the client may try it again on the same stream. */
  forgetGreeting (): void {
    this.hello = NOT_GREETED
    this.greeted = false
  }

  touch (): void { this.lastUsedMs = this.#nowMs() }

  /** A request that is no call begins; {@link requestEnded} must follow. */
  requestBegan (): void { this.#pending++ }

  requestEnded (): void {
    this.#pending--
    this.touch()
  }

  get capabilities (): JsonObject { return this.hello.capabilities }
  get revision (): LegacyRevision { return this.hello.protocolVersion }

  progressToken (token: string | number): string | number { return token }

  callBegan (call: CancellableCall): void { this.calls.add(call) }

  /** A call has been answered: the idle time begins now, however long it took. */
  callEnded (call: CancellableCall): void {
    if (this.calls.delete(call)) this.touch()
  }

  /** Neither a request in flight nor an open GET stream: may expire. */
  get idle (): boolean { return this.calls.size === 0 && this.#pending === 0 && this.#readers.length === 0 }
  /** A request is in flight: ending the session now would cut it. */
  get isBusy (): boolean { return this.calls.size > 0 || this.#pending > 0 }
  get hasReader (): boolean { return this.#readers.length > 0 }

  onClose (listener: () => void): void {
    if (this.closed) listener()
    else this.#onClose.push(listener)
  }

  /** Connects a GET stream; `after` is the sequence to resume from, absent for a new stream. True: the oldest one was ended for it. */
  attachReader (writer: StreamWriter, after?: number): boolean {
    this.#readers.push(writer)
    const surplus = this.#readers.length > MAX_STANDALONE_READERS ? this.#readers.shift() : undefined
    surplus?.end()
    if (after === undefined) this.#standalone.attachFresh(keptOpen(writer))
    else this.#standalone.attach(keptOpen(writer), after)
    this.touch()
    return surplus !== undefined
  }

  /** A GET stream ended; an older one that is still open takes over. False: it was none, or ended by us. */
  detachReader (writer: StreamWriter): boolean {
    const at = this.#readers.indexOf(writer)
    if (at < 0) return false
    this.#readers.splice(at, 1)
    this.touch()
    const next = this.#readers.at(-1)
    if (at === this.#readers.length && next !== undefined && !this.closed) this.#standalone.attachFresh(keptOpen(next))
    else if (next === undefined) this.#standalone.detachAny()
    return true
  }

  isStandalone (stream: EventStream): boolean { return stream === this.#standalone }

  /** A complete message on the GET stream; on HTTP+SSE everything goes here. */
  send (text: string): void {
    if (!this.closed) this.#standalone.send(text)
  }

  /** A message that belongs to no request: the GET stream, now or when one is opened. */
  notify (method: string, params: JsonObject | undefined): void {
    if (!this.closed) this.#standalone.send(notificationText(method, params))
  }

  /** A message of a request if `exchange` is given, of the session otherwise. */
  notifyOn (exchange: Exchange | undefined, method: string, params: JsonObject | undefined): void {
    if (exchange === undefined) this.notify(method, params)
    else if (!this.closed) exchange.emit(notificationText(method, params))
  }

  wantsLog (level: unknown): boolean {
    if (this.logLevel === undefined) return true
    return isAtLeast(level, this.logLevel)
  }

  /**
   * Sends a request to the client, on the stream of `exchange` or on the GET stream, and waits for its answer; undefined =
   * none came. Never rejects.
   */
  ask (method: string, params: JsonObject | undefined, exchange: Exchange | undefined, options: AskOptions): Promise<Reply | undefined> {
    if (this.closed) return Promise.resolve(undefined)
    return this.#asks.ask(method, params, options, (text) => {
      if (exchange === undefined) this.send(text)
      else if (!this.closed) exchange.emit(text)
    })
  }

  /** The client's answer to an ask. An id that nothing waits for is ignored. */
  answer (id: JsonRpcId, reply: Reply): void {
    this.#asks.answer(id, reply)
  }

  /** The client's progress on an ask. */
  askProgress (params: JsonObject | undefined): void {
    this.#asks.progress(params)
  }

  /**
   * Cancels this session's own call of that id, and nobody else's (T20). Unknown ids are ignored (MCP cancellation); so are
   * ids that several calls share, because the wrong one must not end (clients exist that give every call the id 1, T18).
   */
  cancelCall (clientId: unknown): void {
    const named = [...this.calls].filter((call) => call.clientId === clientId)
    if (named.length === 1) named[0]?.cancel('client_cancelled')
  }

  /** The connection of a request was lost. Legacy calls run on unless the operator said otherwise (MCP 2025-11-25). */
  disconnected (exchange: Exchange): void {
    for (const call of [...this.calls]) {
      if (call.exchange === exchange && call.cancelOnDisconnect) call.cancel('client_disconnected')
    }
  }

  /** Ends streams, asks and calls. Idempotent; listeners run once. */
  close (reason: SessionEnd = 'session_closed'): void {
    if (this.#closing) return
    this.#closing = true
    this.#asks.end()
    // Before `closed`: on HTTP+SSE their answers go over the stream that ends with the session.
    for (const call of [...this.calls]) call.cancel(reason)
    this.closed = true
    for (const reader of this.#readers.splice(0)) reader.end()
    this.#standalone.end()
    for (const listener of this.#onClose.splice(0)) listener()
  }
}

const NOT_GREETED: ClientHello = Object.freeze({ protocolVersion: '2024-11-05', capabilities: Object.freeze({}) })

/** Handing the standalone stream over from one reader to the next must not end the older response. */
function keptOpen (writer: StreamWriter): StreamWriter {
  return { write: (frame) => writer.write(frame), end: () => undefined }
}
