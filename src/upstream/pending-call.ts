import type { Reply } from '../protocol/index.ts'
import type { CallHandle, CancelReason, UpstreamCall } from './types.ts'

/** What a pending call needs of its connection. */
export interface CallOwner {
  nowMs (): number
  /** The deadline passed. */
  expire (pending: PendingCall): void
  cancel (pending: PendingCall, reason: CancelReason): void
}

/** One call on the wire or waiting for its turn, with its clock. */
export class PendingCall implements CallHandle {
  readonly call: UpstreamCall
  /** Our own, never the client's (T18). Also the progress token of our hop. */
  readonly id: number
  readonly #owner: CallOwner
  readonly #startedAtMs: number
  #timer: NodeJS.Timeout | undefined
  #pauses = 0
  sent = false
  settled = false

  constructor (owner: CallOwner, call: UpstreamCall, id: number) {
    this.#owner = owner
    this.call = call
    this.id = id
    this.#startedAtMs = owner.nowMs()
    this.#arm(Math.min(call.timeoutMs, call.maxTimeoutMs))
  }

  #arm (ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(onDeadline, ms, this)
  }

  #leftMs (): number {
    return Math.max(0, this.#startedAtMs + this.call.maxTimeoutMs - this.#owner.nowMs())
  }

  expire (): void {
    this.#owner.expire(this)
  }

  /** Progress came: the clock starts again, up to the maximum. */
  progressed (): void {
    if (this.settled || this.#pauses > 0) return
    this.#arm(Math.min(this.call.timeoutMs, this.#leftMs()))
  }

  pause (): void {
    this.#pauses++
    if (!this.settled && this.#pauses === 1) this.#arm(this.#leftMs())
  }

  resume (): void {
    if (this.#pauses === 0) return
    this.#pauses--
    this.progressed()
  }

  cancel (reason: CancelReason): void {
    this.#owner.cancel(this, reason)
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
