import { errorReply, isJsonObject, type JsonObject, type JsonRpcId, type Reply } from '../protocol/index.ts'
import type { CancellableCall, Exchange, Session } from '../session/index.ts'
import type { CallHandle, CancelReason, Connection, UpstreamCall } from '../upstream/index.ts'

export interface RelayedCallOptions {
  readonly method: string
  readonly params: JsonObject | undefined
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  /** Absent for plain JSON callers: they cannot be asked anything. */
  readonly session: Session | undefined
  readonly exchange: Exchange
  readonly clientId: JsonRpcId
  readonly cancelOnDisconnect: boolean
  /** Must not throw. */
  readonly onDone: (reply: Reply) => void
}

/**
 * One client request on its way to one server, from the moment it was let in. It is what a server's questions during the
 * call are attributed to, and what the client's notifications/cancelled finds. `onDone` is called exactly once, unless the
 * call is withdrawn before.
 */
export class RelayedCall implements UpstreamCall, CancellableCall {
  readonly method: string
  readonly params: JsonObject | undefined
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  readonly session: Session | undefined
  readonly exchange: Exchange
  readonly clientId: JsonRpcId
  readonly cancelOnDisconnect: boolean
  onProgress?: (params: JsonObject) => void
  readonly #onDone: (reply: Reply) => void
  #handle: CallHandle | undefined
  /** Answered, cancelled or withdrawn: nothing happens to it any more. */
  done = false
  /** Set by a cancel; a call cancelled before it was sent is never sent. */
  cancelled: CancelReason | undefined

  constructor (options: RelayedCallOptions) {
    this.method = options.method
    this.params = options.params
    this.timeoutMs = options.timeoutMs
    this.maxTimeoutMs = options.maxTimeoutMs
    this.session = options.session
    this.exchange = options.exchange
    this.clientId = options.clientId
    this.cancelOnDisconnect = options.cancelOnDisconnect
    this.#onDone = options.onDone
    const token = progressTokenOf(options.params)
    if (token !== undefined) this.onProgress = (params) => this.#progress(params, token)
    this.session?.calls.add(this)
  }

  get origin (): this { return this }

  /** Sends it, unless it was cancelled while its server was still starting. */
  send (connection: Connection): void {
    if (!this.done) this.#handle = connection.call(this)
  }

  pause (): void { this.#handle?.pause() }
  resume (): void { this.#handle?.resume() }

  cancel (reason: CancelReason): void {
    if (this.done) return
    this.cancelled = reason
    if (this.#handle === undefined) this.onReply(errorReply(reason === 'draining' ? 'GW_DRAINING' : 'GW_CANCELLED'))
    else this.#handle.cancel(reason)
  }

  /** It was refused and is answered by whoever refused it. */
  withdraw (): void {
    this.done = true
    this.session?.callEnded(this)
  }

  onReply (reply: Reply): void {
    if (this.done) return
    this.done = true
    this.session?.callEnded(this)
    this.#onDone(reply)
  }

  #progress (params: JsonObject, token: string | number): void {
    if (!this.done) this.session?.notifyOn(this.exchange, 'notifications/progress', { ...params, progressToken: token })
  }
}

function progressTokenOf (params: JsonObject | undefined): string | number | undefined {
  const meta = params?.['_meta']
  if (!isJsonObject(meta)) return undefined
  const token = meta['progressToken']
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}
