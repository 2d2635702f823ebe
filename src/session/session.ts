import { errorReply, isAtLeast, isJsonObject, notificationText, requestText, type JsonObject, type JsonRpcId, type Reply } from '../protocol/index.ts'
import type { ServerName, SessionId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { EventLog, type EventStream, type StreamWriter } from './event-stream.ts'
import type { Exchange } from './exchange.ts'

/** Where a session was opened: part of its ownership (T02). */
export type SessionRoute = { readonly kind: 'server', readonly server: ServerName } | { readonly kind: 'aggregate' }

/** A route as one text, for comparison and logs. */
export function routeKey (route: SessionRoute): string {
  return route.kind === 'aggregate' ? '/mcp' : `/servers/${route.server}`
}

/** Something of a session that a client's notifications/cancelled can name. */
export interface CancellableCall {
  readonly clientId: JsonRpcId
  /** The HTTP request it came with. */
  readonly exchange: Exchange
  /** The operator wants it ended when that request's connection is lost (rulings 4). */
  readonly cancelOnDisconnect: boolean
  cancel (reason: 'client_cancelled' | 'client_disconnected' | 'session_closed' | 'draining'): void
}

interface Ask {
  resolve (reply: Reply): void
  /** The server's own progress token, when it wants to hear about the client's progress. */
  readonly onProgress: ((params: JsonObject) => void) | undefined
}

/** What the client said in initialize. */
export interface ClientHello {
  readonly protocolVersion: string
  readonly capabilities: JsonObject
  readonly clientInfo: JsonObject | undefined
}

/** How a question to the client travels. */
export interface AskOptions {
  /** The request it belongs to; absent = the session's GET stream. */
  readonly exchange: Exchange | undefined
  /** Withdraws the question. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly onProgress?: ((params: JsonObject) => void) | undefined
}

/** GET streams one session may hold open; the newest gets the messages, an older one is ended beyond this. */
const MAX_STANDALONE_READERS = 4

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
export class Session {
  readonly id: SessionId
  readonly principal: Principal
  readonly route: SessionRoute
  readonly face: 'http' | 'sse'
  readonly log: EventLog
  /** Calls in flight; a client may reuse an id, so this is a set and not a map (T18). */
  readonly calls = new Set<CancellableCall>()
  readonly subscriptions = new Set<string>()
  logLevel: string | undefined
  hello: ClientHello = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: undefined }
  /** initialize has been received. */
  greeted = false
  /** notifications/initialized has been received. */
  initialized = false
  closed = false
  lastUsedMs: number
  readonly #nowMs: () => number
  readonly #standalone: EventStream
  readonly #readers: StreamWriter[] = []
  readonly #asks = new Map<JsonRpcId, Ask>()
  #nextAskId = 1
  #onClose: Array<() => void> = []

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
    // Priming events came with 2025-11-25; older clients would take the empty data for a broken message.
    this.log.primes = this.face === 'http' && hello.protocolVersion >= '2025-11-25'
  }

  touch (): void { this.lastUsedMs = this.#nowMs() }

  /** Neither a call in flight nor an open GET stream: may expire. */
  get idle (): boolean { return this.calls.size === 0 && this.#readers.length === 0 }
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

  /** Sends a request to the client and waits for its answer. Never rejects. */
  ask (method: string, params: JsonObject | undefined, options: AskOptions): Promise<Reply> {
    const { exchange, signal, timeoutMs, onProgress } = options
    if (this.closed || signal.aborted) return Promise.resolve(errorReply('GW_CANCELLED'))
    const id = this.#nextAskId++
    return new Promise((resolve) => {
      const settle = (reply: Reply): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        this.#asks.delete(id)
        resolve(reply)
      }
      const abort = (): void => {
        this.notifyOn(exchange, 'notifications/cancelled', { requestId: id, reason: 'no longer needed' })
        settle(errorReply('GW_CANCELLED'))
      }
      const timer = setTimeout(() => settle(errorReply('GW_UPSTREAM_DEADLINE')), timeoutMs)
      timer.unref()
      signal.addEventListener('abort', abort, { once: true })
      this.#asks.set(id, { resolve: settle, onProgress })
      const text = requestText(id, method, onProgress === undefined ? params : withProgressToken(params, id))
      if (exchange === undefined) this.#standalone.send(text)
      else exchange.emit(text)
    })
  }

  /** The client's answer to an ask. An id that nothing waits for is ignored. */
  answer (id: JsonRpcId, reply: Reply): void {
    this.touch()
    this.#asks.get(id)?.resolve(reply)
  }

  /** The client's progress on an ask; the token is the id we gave it. */
  askProgress (params: JsonObject | undefined): void {
    const token = params?.['progressToken']
    if (params !== undefined && typeof token === 'number') this.#asks.get(token)?.onProgress?.(params)
  }

  /** Cancels this session's own call of that id, and nobody else's (T20). Unknown ids are ignored (MCP cancellation). */
  cancelCall (clientId: unknown): void {
    for (const call of this.calls) {
      if (call.clientId === clientId) {
        call.cancel('client_cancelled')
        return
      }
    }
  }

  /** The connection of a request was lost. Legacy calls run on unless the operator said otherwise (MCP 2025-11-25). */
  disconnected (exchange: Exchange): void {
    for (const call of [...this.calls]) {
      if (call.exchange === exchange && call.cancelOnDisconnect) call.cancel('client_disconnected')
    }
  }

  /** Ends streams, asks and calls. Idempotent; listeners run once. */
  close (reason: 'session_closed' | 'client_disconnected' | 'draining' = 'session_closed'): void {
    if (this.closed) return
    this.closed = true
    for (const ask of [...this.#asks.values()]) ask.resolve(errorReply('GW_CANCELLED'))
    for (const call of [...this.calls]) call.cancel(reason)
    for (const reader of this.#readers.splice(0)) reader.end()
    this.#standalone.end()
    for (const listener of this.#onClose.splice(0)) listener()
  }
}

function withProgressToken (params: JsonObject | undefined, token: number): JsonObject {
  const meta = params?.['_meta']
  return { ...params, _meta: { ...(isJsonObject(meta) ? meta : undefined), progressToken: token } }
}

/** Handing the standalone stream over from one reader to the next must not end the older response. */
function keptOpen (writer: StreamWriter): StreamWriter {
  return { write: (frame) => writer.write(frame), end: () => undefined }
}

