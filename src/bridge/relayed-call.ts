import { ERRORS } from '../shared/errors.ts'
import type { Era } from '../shared/era.ts'
import { errorReply, isJsonObject, type JsonObject, type JsonRpcId, type MirroredParam, type Reply } from '../protocol/index.ts'
import type { CancellableCall, Client, Exchange } from '../session/index.ts'
import type { CallHandle, CancelReason, Connection, UpstreamCall } from '../upstream/index.ts'
import { isInputRequired } from './input-required.ts'

const HEADER_MISMATCH = ERRORS.GW_PROTOCOL_HEADERS.rpcCode

/** What follows a reply that is no answer yet: the request is sent again with these params, or ends with this reply. */
export type NextRound = { readonly params: JsonObject | undefined, readonly method?: string } | { readonly reply: Reply }

/** How a modern server is led to its answer on behalf of a client that cannot do it itself; one per call. */
export interface RoundDriver {
  /** `signal` aborts when the call is over meanwhile. */
  nextRound (call: RelayedCall, reply: Reply, signal: AbortSignal): Promise<NextRound>
  connection (): Connection | Promise<Connection>
  /** The call is over, and the task that was made of it is not wanted any more. */
  cancelTask (id: string): void
}

/** One request of a client, and whom its answer goes to. Times in milliseconds. */
export interface RelayedCallOptions {
  readonly method: string
  readonly params: JsonObject | undefined
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  /** Absent for plain JSON callers: they cannot be asked anything. */
  readonly client: Client | undefined
  readonly exchange: Exchange
  readonly clientId: JsonRpcId
  readonly cancelOnDisconnect: boolean
  /** Absent: whatever the server answers is the answer. */
  readonly createDriver?: (() => RoundDriver) | undefined
  /** The operator says that it may run twice (FR11). */
  readonly repeatable?: boolean
  /** Asked for each answer of a server; true: it is taken for none, and the call is sent again. Must not throw. */
  readonly again?: (reply: Reply) => boolean
  /** Must not throw. */
  readonly onDone: (reply: Reply) => void
}

/**
 * One client request on its way to one server, from the moment it was let in. It is what a server's questions during the
 * call are attributed to, and what the client's notifications/cancelled finds. `onDone` is called exactly once, unless the
 * call is withdrawn before.
 */
export class RelayedCall implements UpstreamCall, CancellableCall {
  method: string
  params: JsonObject | undefined
  timeoutMs: number
  readonly maxTimeoutMs: number
  readonly client: Client | undefined
  readonly exchange: Exchange
  readonly clientId: JsonRpcId
  readonly cancelOnDisconnect: boolean
  /** What a modern server is told that the client can be asked; set before it is sent. */
  capabilities: JsonObject | undefined
  mirrored: readonly MirroredParam[] | undefined
  readonly repeatable: boolean
  /** The server insists on making a task of it; its client knows no session-era tasks and waits for the result. */
  isHiddenTask = false
  /** That task, once it is there. */
  taskId: string | undefined
  /** The headers were put right once already. */
  isMirroredAgain = false
  onProgress?: (params: JsonObject) => void
  readonly #createDriver: (() => RoundDriver) | undefined
  #driver: RoundDriver | undefined
  #era: Era = 'legacy'
  readonly #again: ((reply: Reply) => boolean) | undefined
  readonly #onDone: (reply: Reply) => void
  #handle: CallHandle | undefined
  /** A server has answered it before. */
  #hadAnswer = false
  /** Between two rounds: withdraws what the client was asked. */
  #betweenRounds: AbortController | undefined
  /** Answered, cancelled or withdrawn: nothing happens to it any more. */
  done = false
  /** Set by a cancel; a call cancelled before it was sent is never sent. */
  cancelled: CancelReason | undefined

  constructor (options: RelayedCallOptions) {
    this.method = options.method
    this.params = options.params
    this.timeoutMs = options.timeoutMs
    this.maxTimeoutMs = options.maxTimeoutMs
    this.client = options.client
    this.exchange = options.exchange
    this.clientId = options.clientId
    this.cancelOnDisconnect = options.cancelOnDisconnect
    this.#createDriver = options.createDriver
    this.repeatable = options.repeatable === true
    this.#again = options.again
    this.#onDone = options.onDone
    const token = progressTokenOf(options.params)
    if (token !== undefined) this.onProgress = (params) => this.#progress(params, token)
    this.client?.callBegan(this)
  }

  get origin (): this { return this }
  get logLevel (): string | undefined { return this.client?.logLevel }

  /** Sends it, unless it was cancelled while its server was still starting. */
  send (connection: Connection): void {
    if (this.done) return
    this.#era = connection.era
    this.#handle = connection.call(this)
  }

  /** May a server have begun with it? */
  get wasSent (): boolean { return this.#hadAnswer || this.#handle?.sent === true }

  pause (): void { this.#handle?.pause() }
  resume (): void { this.#handle?.resume() }

  cancel (reason: CancelReason): void {
    if (this.done) return
    this.cancelled = reason
    if (this.taskId !== undefined) this.#driver?.cancelTask(this.taskId)
    if (this.#handle !== undefined) return this.#handle.cancel(reason)
    this.#betweenRounds?.abort()
    this.#finish(errorReply(reason === 'draining' ? 'GW_DRAINING' : 'GW_CANCELLED'))
  }

  /** It was refused and is answered by whoever refused it. */
  withdraw (): void {
    this.done = true
    this.client?.callEnded(this)
  }

  onReply (reply: Reply): void {
    if (this.done) return
    if (this.#again !== undefined && this.cancelled === undefined && this.#again(reply)) {
      this.#hadAnswer = true
      this.#handle = undefined
      return
    }
    if (this.#createDriver !== undefined && this.cancelled === undefined && this.#isNoAnswer(reply)) {
      this.#driver ??= this.#createDriver()
      this.#driveOn(this.#driver, reply)
    } else this.#finish(reply)
  }

  /** Something that the gateway has to see to before there is an answer: rounds of a session, headers of its own hop, a hidden task. */
  #isNoAnswer (reply: Reply): boolean {
    if (this.#era === 'legacy') return this.isHiddenTask && this.taskId === undefined && reply.error === undefined
    return reply.error === undefined ? this.client?.era !== 'modern' && isInputRequired(reply) : reply.error.code === HEADER_MISMATCH
  }

  #finish (reply: Reply): void {
    if (this.done) return
    this.done = true
    this.client?.callEnded(this)
    this.#onDone(reply)
  }

  #driveOn (driver: RoundDriver, reply: Reply): void {
    this.#handle = undefined
    this.#hadAnswer = true
    const between = new AbortController()
    this.#betweenRounds = between
    driver.nextRound(this, reply, between.signal).then(async (next) => {
      if (this.done) return
      if ('reply' in next) return this.#finish(next.reply)
      this.params = next.params
      this.method = next.method ?? this.method
      this.send(await driver.connection())
    }).catch(() => this.#finish(errorReply('GW_UPSTREAM_UNAVAILABLE')))
  }

  #progress (params: JsonObject, token: string | number): void {
    const current = this.client?.progressToken(token)
    if (!this.done && current !== undefined) this.client?.notifyOn(this.exchange, 'notifications/progress', { ...params, progressToken: current })
  }
}

function progressTokenOf (params: JsonObject | undefined): string | number | undefined {
  const meta = params?.['_meta']
  if (!isJsonObject(meta)) return undefined
  const token = meta['progressToken']
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}
