import { OVERDUE, wornBy, type RecycleReason, type ResidentMemory, type WorkerLife } from '../stdio-pool/index.ts'
import type { ConnectionUsage } from './types.ts'

/** How often the memory of a worker is looked at, besides after calls. */
const MEMORY_MS = 5000

/** It was measured before the call under way had its effect, and the next one may begin before that is known: a limit is there to be kept. */
const CALLS_AHEAD = 2

/** What a watch looks at. */
export interface WearOptions {
  readonly life: WorkerLife
  readonly usage: ConnectionUsage
  /** The worker's process group. */
  readonly pgid: number
  readonly memory: ResidentMemory
  readonly nowMs: () => number
  /** The worker has become due, or overdue. */
  readonly onWorn: () => void
}

/**
 * Watches how far one worker has come (FR08). Calls are counted by an increment; memory is looked at after calls, now and
 * then and where its growth says that the limit may be near.
 */
export class WearWatch {
  readonly #options: WearOptions
  readonly #startedMs: number
  #bytes: number | undefined
  #callsThen = 0
  #growth = 0
  #lookedMs: number
  #toldDue = false
  #toldOverdue = false

  constructor (options: WearOptions) {
    this.#options = options
    this.#startedMs = options.nowMs()
    this.#lookedMs = this.#startedMs
    this.#plan()
  }

  /** What has used it up; undefined = nothing has. */
  get due (): RecycleReason | undefined { return wornBy(this.#options.life, this.#wear(CALLS_AHEAD)) }
  /** So far beyond its limit that it is taken out of use. */
  get isOverdue (): boolean { return wornBy(this.#options.life, this.#wear(0), OVERDUE) !== undefined }

  /** To be called twice a second or so. */
  sweep (): void {
    if (this.#options.nowMs() - this.#lookedMs >= MEMORY_MS) this.#look()
    this.#judge()
  }

  /** With memory as it will be after so many more calls. */
  #wear (callsAhead: number): { calls: number, ageMs: number, bytes: number | undefined } {
    const { nowMs, usage } = this.#options
    return { calls: usage.calls, ageMs: nowMs() - this.#startedMs, bytes: this.#bytes === undefined ? undefined : this.#bytes + callsAhead * this.#growth }
  }

  /** After the turn of the event loop in which the call came: the call goes first. */
  readonly #onCalls = (): void => {
    setImmediate(() => {
      this.#look()
      this.#judge()
    })
  }

  #judge (): void {
    const { onWorn } = this.#options
    if (!this.#toldDue && this.due !== undefined) {
      this.#toldDue = true
      onWorn()
    }
    if (!this.#toldOverdue && this.isOverdue) {
      this.#toldOverdue = true
      onWorn()
    }
    this.#plan()
  }

  /** When to look next, in calls. */
  #plan (): void {
    const { life, usage } = this.#options
    const { calls } = usage
    const byCalls = calls < life.maxCalls ? life.maxCalls : life.maxCalls * OVERDUE
    usage.lookAt(Math.max(calls + 1, Math.min(byCalls, life.maxBytes === Infinity ? Infinity : this.#callsUntilFull())), this.#onCalls)
  }

  /** After half of the calls that are left if memory grows on like this, and before there were twice as many as then: growth is a guess. */
  #callsUntilFull (): number {
    const { life } = this.#options
    const left = this.#bytes === undefined || this.#growth <= 0 ? Infinity : (life.maxBytes - this.#bytes) / this.#growth
    return this.#callsThen + Math.max(1, Math.min(this.#callsThen, Math.floor(left / 2)))
  }

  #look (): void {
    const { life, memory, nowMs, pgid, usage: { calls } } = this.#options
    if (life.maxBytes === Infinity) return
    this.#lookedMs = nowMs()
    const bytes = memory.of(pgid)
    if (bytes === undefined) return
    if (this.#bytes !== undefined && calls > this.#callsThen) this.#growth = Math.max(0, (bytes - this.#bytes) / (calls - this.#callsThen))
    this.#bytes = bytes
    this.#callsThen = calls
  }
}
