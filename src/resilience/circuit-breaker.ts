/**
 * `closed`: requests go. `open`: none does. `half_open`: its time is over, and a probe is to tell whether the other side is back.
 * `ramp`: it is, and more requests go from second to second.
 */
export type CircuitState = 'closed' | 'open' | 'half_open' | 'ramp'

/** Numbers of one breaker; times in milliseconds. */
export interface CircuitOptions {
  /** Newest outcomes that are looked at. */
  readonly calls: number
  /** Failures longer ago do not count. */
  readonly windowMs: number
  /** Share of failures among them that opens it, 1 to 100. */
  readonly failedPercent: number
  /** First time open; doubles with each probe that fails. */
  readonly openMs: number
  readonly maxOpenMs: number
  /** Monotonic (FR36). */
  readonly nowMs: () => number
  /** 0 <= x < 1: an open time is between three quarters and all of its step, so that replicas do not probe at once. Default Math.random. */
  readonly random?: () => number
  /** Each change. Must not throw. */
  readonly onState?: (state: CircuitState) => void
}

/** Seconds after closing in which fewer requests are let through than come: each second twice as many as in the one before. */
const RAMP_SECONDS = 5
const SECOND_MS = 1000
/** A probe that says nothing for so long is given up. */
const PROBE_MS = 30_000
/** Who meets a probe, or too much of a ramp, comes again so soon. */
const SOON_MS = 1000

/**
 * Stops requests to what is down, and finds out by probes of its own when it is back (FR14). A success costs two writes and no clock:
 * outcomes stand in a ring, and only failures carry a time.
 */
export class CircuitBreaker {
  readonly #options: CircuitOptions
  readonly #random: () => number
  readonly #failuresToOpen: number
  /** When the outcome at this place of the ring was a failure; NaN = a success, or nothing yet. */
  readonly #failedAtMs: Float64Array
  #next = 0
  #state: CircuitState = 'closed'
  #stepMs = 0
  #untilMs = 0
  #probeUntilMs = 0
  #rampFromMs = 0
  #rampSecond = -1
  #rampLeft = 0

  constructor (options: CircuitOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#failuresToOpen = Math.max(1, Math.ceil(options.calls * options.failedPercent / 100))
    this.#failedAtMs = new Float64Array(options.calls).fill(NaN)
  }

  /** As of now: an open one whose time is over is `half_open`. */
  get state (): CircuitState {
    if (this.#state === 'open' && this.#options.nowMs() >= this.#untilMs) this.#turn('half_open')
    return this.#state
  }

  /** Milliseconds for which no request is to be made, at least 1; 0 = this one may be, and counts as made. */
  refusedMs (): number {
    if (this.#state === 'closed') return 0
    if (this.#state === 'ramp') return this.#admitRamp() ? 0 : SOON_MS
    return this.awayMs
  }

  /** The same without counting anything: for whoever can refuse earlier. A ramp refuses nobody here. */
  get awayMs (): number {
    if (this.#state === 'closed') return 0
    const { state } = this
    if (state === 'open') return Math.max(1, this.#untilMs - this.#options.nowMs())
    return state === 'half_open' ? SOON_MS : 0
  }

  /** Milliseconds until `half_open`, for whoever sets a timer; 0 = it is not open. */
  get openForMs (): number {
    return this.#state === 'open' ? Math.max(0, this.#untilMs - this.#options.nowMs()) : 0
  }

  /** May a probe be made now? One at a time; who is told true says by {@link probed} or {@link withdrawn} what came of it. */
  probe (): boolean {
    const nowMs = this.#options.nowMs()
    if (this.state !== 'half_open' || nowMs < this.#probeUntilMs) return false
    this.#probeUntilMs = nowMs + PROBE_MS
    return true
  }

  /** @param isAlive it answered, whatever it said */
  probed (isAlive: boolean): void {
    if (this.#state !== 'half_open') return
    this.#probeUntilMs = 0
    if (!isAlive) return this.#open()
    this.#failedAtMs.fill(NaN)
    this.#rampFromMs = this.#options.nowMs()
    this.#rampSecond = -1
    this.#turn('ramp')
  }

  /** The probe came to nothing for other reasons. */
  withdrawn (): void { this.#probeUntilMs = 0 }

  /** A request was answered. */
  succeeded (): void {
    this.#failedAtMs[this.#next] = NaN
    this.#advance()
  }

  /** A request failed in a way that says that the other side is down. What was on its way when it opened says nothing new. */
  failed (): void {
    if (this.#state === 'open' || this.#state === 'half_open') return
    this.#failedAtMs[this.#next] = this.#options.nowMs()
    this.#advance()
    if (this.#isBroken()) this.#open()
  }

  #advance (): void {
    this.#next = this.#next + 1 === this.#failedAtMs.length ? 0 : this.#next + 1
  }

  #isBroken (): boolean {
    const sinceMs = this.#options.nowMs() - this.#options.windowMs
    let failures = 0
    for (const atMs of this.#failedAtMs) if (atMs >= sinceMs) failures++
    return failures >= this.#failuresToOpen
  }

  #open (): void {
    const { openMs, maxOpenMs, nowMs } = this.#options
    this.#stepMs = this.#stepMs === 0 ? openMs : Math.min(maxOpenMs, this.#stepMs * 2)
    this.#untilMs = nowMs() + this.#stepMs * (0.75 + this.#random() / 4)
    this.#turn('open')
  }

  /** As many as the window holds in the first second, twice as many in the next: nobody thunders at a server that has just come back. */
  #admitRamp (): boolean {
    const second = Math.floor((this.#options.nowMs() - this.#rampFromMs) / SECOND_MS)
    if (second >= RAMP_SECONDS) {
      // It has held: the next time begins with the first step again.
      this.#stepMs = 0
      this.#turn('closed')
      return true
    }
    if (second !== this.#rampSecond) {
      this.#rampSecond = second
      this.#rampLeft = this.#options.calls * 2 ** second
    }
    return this.#rampLeft-- > 0
  }

  #turn (state: CircuitState): void {
    this.#state = state
    this.#options.onState?.(state)
  }
}
