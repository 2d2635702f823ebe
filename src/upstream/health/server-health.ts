import { CircuitBreaker, fullJitterMs, RetryBudget, type CircuitState } from '../../resilience/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { Connection } from '../types.ts'

/** First wait before what may be repeated is sent again, and the longest; full jitter. */
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 1000
/** A probe is a ping or a discovery; a server that takes longer for it is not back. */
const PROBE_MS = 5000

/** What {@link ServerHealth} needs. */
export interface ServerHealthParts {
  /** Monotonic. */
  readonly nowMs: () => number
  readonly random?: () => number
  /** Must not throw. */
  readonly onState: (state: CircuitState) => void
  /** A request is sent again. */
  readonly onRetry: () => void
  readonly onThrown: (thrown: unknown) => void
}

/**
 * What all callers of one upstream entry have found out about it together: is it up, and may anything be tried again? One per entry
 * in this process (FR11, FR14). Requests of the gateway itself find out whether a server that was down is back, never a user's call.
 */
export class ServerHealth {
  readonly #parts: ServerHealthParts
  readonly #attempts: number
  readonly #breaker: CircuitBreaker | undefined
  readonly #budget: RetryBudget
  /** Open ones, which can be asked whether the server is back. */
  readonly #connections = new Set<Connection>()
  #timer: NodeJS.Timeout | undefined

  constructor ({ retries, breaker }: Pick<ServerSettings, 'retries' | 'breaker'>, parts: ServerHealthParts) {
    this.#parts = parts
    this.#attempts = retries?.attempts ?? 0
    this.#budget = new RetryBudget(retries?.budgetPercent ?? 100, parts.nowMs)
    if (breaker === undefined) return
    const { nowMs, random } = parts
    this.#breaker = new CircuitBreaker({ ...breaker, nowMs, ...(random === undefined ? {} : { random }), onState: (state) => { this.#turned(state) } })
  }

  get state (): CircuitState { return this.#breaker?.state ?? 'closed' }

  /** Milliseconds for which a request is not to be made; 0 = it may be, and counts as made. */
  refusedMs (): number {
    this.#budget.earn()
    return this.#breaker?.refusedMs() ?? 0
  }

  /** Milliseconds for which no call need come here; counts nothing. @param hasConnection false: the caller would open one, which can be the probe */
  awayMs (hasConnection: boolean): number {
    if (this.#breaker === undefined) return 0
    return !hasConnection && this.#breaker.state === 'half_open' ? 0 : this.#breaker.awayMs
  }

  /**
   * May a connection be opened? An opening is a request of ours, so it can be the probe.
   * @returns milliseconds to wait, or 'probe': whoever opens has to say by `probed` or `withdrawn` what came of it
   */
  mayOpen (): number | 'probe' {
    if (this.#breaker === undefined) return 0
    if (this.#breaker.state !== 'half_open') return this.#breaker.refusedMs()
    return this.#breaker.probe() ? 'probe' : this.#breaker.refusedMs()
  }

  succeeded (): void { this.#breaker?.succeeded() }
  failed (): void { this.#breaker?.failed() }
  probed (isAlive: boolean): void { this.#breaker?.probed(isAlive) }
  withdrawn (): void { this.#breaker?.withdrawn() }

  /** What was certainly not sent may be sent now; true counts it as done. */
  mayResend (): boolean {
    return this.#mayTry() && this.#spend()
  }

  /**
   * May a request that was sent, and may be repeated, be sent again?
   * @param tries how often it was sent again already
   * @returns milliseconds to wait before; undefined: no
   */
  retryAfterMs (tries: number): number | undefined {
    if (tries >= this.#attempts || !this.#mayTry() || !this.#spend()) return undefined
    return fullJitterMs(tries, FIRST_RETRY_MS, MAX_RETRY_MS, this.#parts.random ?? Math.random)
  }

  joined (connection: Connection): void { this.#connections.add(connection) }
  left (connection: Connection): void { this.#connections.delete(connection) }

  close (): void { clearTimeout(this.#timer) }

  #mayTry (): boolean {
    return this.#breaker === undefined || this.#breaker.awayMs === 0
  }

  #spend (): boolean {
    if (!this.#budget.spend()) return false
    this.#parts.onRetry()
    return true
  }

  #turned (state: CircuitState): void {
    clearTimeout(this.#timer)
    if (state === 'open') this.#armTimer()
    // Whoever looks first turns it half open, be it a caller or the timer.
    if (state === 'half_open') queueMicrotask(() => { this.#ask().catch(this.#parts.onThrown) })
    this.#parts.onState(state)
  }

  #armTimer (): void {
    // A timer may be early by a part of a millisecond.
    this.#timer = setTimeout(() => { if (this.#breaker?.state === 'open') this.#armTimer() }, Math.ceil(this.#breaker?.openForMs ?? 0)).unref()
  }

  /** Without an open connection the next caller's opening is the probe. */
  async #ask (): Promise<void> {
    const connection = [...this.#connections].find(({ alive }) => alive !== undefined)
    if (connection?.alive === undefined || this.#breaker?.probe() !== true) return
    const isAlive = await connection.alive(PROBE_MS)
    // One that was closed meanwhile tells nothing.
    if (connection.open) this.#breaker.probed(isAlive)
    else this.#breaker.withdrawn()
  }
}
