import type { DelayLine, Delayed } from '../shared/delay-line.ts'
import type { Reply } from '../protocol/index.ts'
import type { CallHandle, CancelReason, UpstreamCall } from './types.ts'

/** What a pending call needs of its connection. */
export interface CallOwner {
  nowMs (): number
  /** Where calls wait for their deadline that wait as long as most do. */
  readonly deadlines: DelayLine
  /** The deadline passed. */
  expire (pending: PendingCall): void
  cancel (pending: PendingCall, reason: CancelReason): void
}

/** One call on the wire or waiting for its turn, with its clock. */
export class PendingCall implements CallHandle, Delayed {
  dueMs = 0
  ahead: Delayed | undefined
  behind: Delayed | undefined
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
    const ms = Math.min(call.timeoutMs, call.maxTimeoutMs)
    if (ms === owner.deadlines.delayMs) owner.deadlines.add(this, this.#startedAtMs)
    else this.#arm(ms)
  }

  #arm (ms: number): void {
    this.#disarm()
    this.#timer = setTimeout(onDeadline, ms, this)
  }

  #disarm (): void {
    this.#owner.deadlines.remove(this)
    clearTimeout(this.#timer)
  }

  #leftMs (): number {
    return Math.max(0, this.#startedAtMs + this.call.maxTimeoutMs - this.#owner.nowMs())
  }

  overdue (): void {
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
    this.#disarm()
    this.call.onReply(reply)
  }
}

function onDeadline (pending: PendingCall): void {
  pending.overdue()
}
