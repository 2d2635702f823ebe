import { randomInt } from 'node:crypto'
import { GatewayError, type ErrorCode } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Worker } from '../stdio-pool/index.ts'
import { errorReply, lineSafe, notificationText, requestText, responseText, type JsonObject, type Reply } from '../protocol/index.ts'
import type { CallHandle, CancelReason, Connection, ConnectionPeer, UpstreamCall } from './types.ts'

/** How long a worker that let a deadline pass may stay silent on a ping before it is taken for hung and killed (FR02). */
const HANG_GRACE_MS = 2000
/** Inner ids start at a random point, so that no server can guess the ids it does not owe (T39). */
const FIRST_ID_RANGE = 2 ** 40

/** Closed set: metric label `kind` of worker_protocol_error_total, as far as it is seen here. */
export type ConnectionFault = 'unknown_id' | 'late_reply' | 'malformed_reply' | 'malformed_message'

export interface StdioConnectionOptions {
  readonly server: ServerName
  readonly worker: Worker
  /** `interactive: true`: one call at a time, so that what the server asks always has one owner (rulings 4). */
  readonly serialise: boolean
  readonly now: () => number
  readonly onFault: (kind: ConnectionFault) => void
}

/** One call on the wire or waiting for its turn. */
class PendingCall implements CallHandle {
  readonly call: UpstreamCall
  readonly id: number
  readonly #connection: StdioConnection
  readonly startedAtMs: number
  #timer: NodeJS.Timeout | undefined
  #pauses = 0
  sent = false
  settled = false

  constructor (connection: StdioConnection, call: UpstreamCall, id: number, startedAtMs: number) {
    this.#connection = connection
    this.call = call
    this.id = id
    this.startedAtMs = startedAtMs
    this.#arm(call.timeoutMs)
  }

  #arm (ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(onDeadline, ms, this)
  }

  expire (): void {
    this.#connection.expire(this)
  }

  /** Progress came: the clock starts again, up to the maximum. */
  progressed (nowMs: number): void {
    if (this.settled || this.#pauses > 0) return
    const leftMs = this.startedAtMs + this.call.maxTimeoutMs - nowMs
    this.#arm(Math.max(0, Math.min(this.call.timeoutMs, leftMs)))
  }

  pause (): void {
    this.#pauses++
    if (this.settled) return
    this.#arm(Math.max(0, this.startedAtMs + this.call.maxTimeoutMs - this.#connection.nowMs()))
  }

  resume (): void {
    if (this.#pauses > 0) this.#pauses--
    if (this.#pauses === 0) this.progressed(this.#connection.nowMs())
  }

  cancel (reason: CancelReason): void {
    this.#connection.cancel(this, reason)
  }

  settle (reply: Reply): void {
    if (this.settled) return
    this.settled = true
    clearTimeout(this.#timer)
    this.call.onReply(reply)
  }
}

function onDeadline (pending: PendingCall): void {
  pending.expire()
}

/**
 * MCP over one worker: ids and progress tokens are minted here, so that nothing a client chose reaches the process and
 * nothing the process forges reaches a client (T18, T20, T39).
 */
export class StdioConnection implements Connection {
  readonly server: ServerName
  readonly openedAtMs: number
  readonly #options: StdioConnectionOptions
  readonly #worker: Worker
  readonly #pending = new Map<number, PendingCall>()
  readonly #inFlight = new Set<CallHandle>()
  readonly #waiting: PendingCall[] = []
  readonly #asked = new Map<string | number, AbortController>()
  /** Ids whose caller has been answered already (cancel, deadline), so that a late reply is no forgery. */
  readonly #abandoned = new Set<number>()
  #peer: ConnectionPeer | undefined
  #nextId = randomInt(FIRST_ID_RANGE)
  #open = true
  #lastHeardMs: number
  initializeResult: JsonObject = {}

  constructor (options: StdioConnectionOptions) {
    this.#options = options
    this.#worker = options.worker
    this.server = options.server
    this.openedAtMs = options.now()
    this.#lastHeardMs = this.openedAtMs
    this.#worker.onMessage = (message) => this.#receive(message)
    void this.#worker.exited.then(() => this.#ended())
  }

  get open (): boolean { return this.#open }
  get pid (): number { return this.#worker.pid }
  get inFlight (): ReadonlySet<CallHandle> { return this.#inFlight }
  nowMs (): number { return this.#options.now() }

  /** Runs the handshake. `peer` gets everything from here on, what the server asks during it included. */
  async initialize (params: JsonObject, peer: ConnectionPeer, timeoutMs: number): Promise<void> {
    this.#peer = peer
    const reply = await new Promise<Reply>((resolve) => {
      this.call({ method: 'initialize', params, timeoutMs, maxTimeoutMs: timeoutMs, origin: undefined, onReply: resolve })
    })
    if (reply.error !== undefined || !isObject(reply.result)) {
      throw new GatewayError('GW_UPSTREAM_START', { reason: reply.error === undefined ? 'initialize was answered without a result' : `initialize failed: ${reply.error.code}` })
    }
    this.initializeResult = reply.result
    this.notify('notifications/initialized')
  }

  call (call: UpstreamCall): CallHandle {
    const pending = new PendingCall(this, call, this.#nextId++, this.#options.now())
    this.#inFlight.add(pending)
    if (!this.#open) this.#finish(pending, errorReply('GW_UPSTREAM_LOST'))
    else if (this.#options.serialise && this.#inFlight.size > 1) this.#waiting.push(pending)
    else this.#send(pending)
    return pending
  }

  #send (pending: PendingCall): void {
    const { call, id } = pending
    pending.sent = true
    this.#pending.set(id, pending)
    const params = call.onProgress === undefined ? call.params : withProgressToken(call.params, id)
    const outcome = this.#worker.send(requestText(id, call.method, params))
    if (outcome === 'sent') return
    this.#pending.delete(id)
    this.#finish(pending, errorReply(outcome === 'full' ? 'GW_UPSTREAM_UNAVAILABLE' : 'GW_UPSTREAM_LOST'))
  }

  notify (method: string, params?: JsonObject): void {
    if (this.#open) this.#worker.send(notificationText(method, params))
  }

  async close (): Promise<void> {
    this.#end('GW_UPSTREAM_LOST')
    await this.#worker.stop()
  }

  /** The caller is answered at once; the server is told, and a worker that stays silent after that is ended (FR02). */
  expire (pending: PendingCall): void {
    this.#abandon(pending, 'deadline', errorReply('GW_UPSTREAM_DEADLINE'))
    if (pending.sent) this.#killIfHung()
  }

  cancel (pending: PendingCall, reason: CancelReason): void {
    this.#abandon(pending, reason, errorReply('GW_CANCELLED'))
  }

  #abandon (pending: PendingCall, reason: CancelReason, reply: Reply): void {
    if (pending.settled) return
    if (this.#pending.delete(pending.id)) {
      this.#abandoned.add(pending.id)
      if (this.#abandoned.size > 1024) this.#forgetOldestAbandoned()
      // MCP: initialize must not be cancelled; a worker that never answers it is ended by its starter.
      if (pending.call.method !== 'initialize') this.notify('notifications/cancelled', { requestId: pending.id, reason })
    }
    this.#finish(pending, reply)
  }

  #forgetOldestAbandoned (): void {
    for (const id of this.#abandoned) {
      this.#abandoned.delete(id)
      return
    }
  }

  #killIfHung (): void {
    const askedAtMs = this.#options.now()
    this.#worker.send(requestText(this.#nextId, 'ping', undefined))
    this.#abandoned.add(this.#nextId++)
    setTimeout(() => {
      if (this.#open && this.#lastHeardMs < askedAtMs) this.#worker.kill()
    }, HANG_GRACE_MS).unref()
  }

  #finish (pending: PendingCall, reply: Reply): void {
    this.#inFlight.delete(pending)
    if (this.#options.serialise) this.#sendNextWaiting(pending)
    pending.settle(reply)
  }

  #sendNextWaiting (finished: PendingCall): void {
    const at = this.#waiting.indexOf(finished)
    if (at >= 0) {
      this.#waiting.splice(at, 1)
      return
    }
    const next = this.#waiting.shift()
    if (next !== undefined && this.#open) this.#send(next)
  }

  #receive (message: Record<string, unknown>): void {
    this.#lastHeardMs = this.#options.now()
    const { id, method } = message
    if (method === undefined) this.#receiveReply(id, message)
    else if (typeof method !== 'string') this.#options.onFault('malformed_message')
    else if (id === undefined) this.#receiveNotification(method, asObject(message['params']))
    else if (typeof id === 'string' || typeof id === 'number') this.#receiveRequest(id, method, asObject(message['params']))
    else this.#options.onFault('malformed_message')
  }

  #receiveReply (id: unknown, message: Record<string, unknown>): void {
    const pending = this.#pending.get(id as number)
    if (pending === undefined) {
      this.#options.onFault(this.#abandoned.delete(id as number) ? 'late_reply' : 'unknown_id')
      return
    }
    this.#pending.delete(pending.id)
    this.#finish(pending, this.#replyOf(message))
  }

  #replyOf (message: Record<string, unknown>): Reply {
    const { result, error } = message
    if (error === undefined && result !== undefined) return { result }
    if (isObject(error) && Number.isSafeInteger(error['code']) && typeof error['message'] === 'string') {
      return { error: error as unknown as NonNullable<Reply['error']> }
    }
    this.#options.onFault('malformed_reply')
    return errorReply('GW_UPSTREAM_PROTOCOL')
  }

  #receiveNotification (method: string, params: JsonObject | undefined): void {
    if (method === 'notifications/progress') this.#receiveProgress(params)
    else if (method === 'notifications/cancelled') this.#asked.get(params?.['requestId'] as string | number)?.abort()
    else this.#peer?.onNotification(method, params)
  }

  #receiveProgress (params: JsonObject | undefined): void {
    const pending = this.#pending.get(params?.['progressToken'] as number)
    if (pending === undefined || params === undefined) return
    pending.progressed(this.#options.now())
    pending.call.onProgress?.(params)
  }

  #receiveRequest (id: string | number, method: string, params: JsonObject | undefined): void {
    if (method === 'ping') {
      this.#worker.send(responseText(id, { result: {} }))
      return
    }
    const controller = new AbortController()
    this.#asked.set(id, controller)
    const answer = this.#peer === undefined ? Promise.resolve(errorReply('GW_UPSTREAM_ASK_REFUSED')) : this.#peer.onRequest(method, params, controller.signal)
    void answer.catch(() => errorReply('GW_INTERNAL')).then((reply) => {
      this.#asked.delete(id)
      // A request that the server cancelled gets no answer (MCP cancellation).
      if (this.#open && !controller.signal.aborted) this.#worker.send(lineSafe(responseText(id, reply)))
    })
  }

  #ended (): void {
    this.#end('GW_UPSTREAM_LOST')
  }

  #end (code: ErrorCode): void {
    if (!this.#open) return
    this.#open = false
    for (const controller of this.#asked.values()) controller.abort()
    this.#asked.clear()
    this.#pending.clear()
    this.#waiting.length = 0
    for (const handle of [...this.#inFlight]) this.#finish(handle as PendingCall, errorReply(code))
    this.#peer?.onEnd()
  }
}

function withProgressToken (params: JsonObject | undefined, token: number): JsonObject {
  const meta = asObject(params?.['_meta'])
  return { ...params, _meta: { ...meta, progressToken: token } }
}

function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asObject (value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined
}
