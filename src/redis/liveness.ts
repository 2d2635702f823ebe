/** So many commands in a row without an answer, and the server is taken for away (FR21). */
const TIMEOUTS_IN_A_ROW = 3
/** While it is away, one command in that time tries, in milliseconds. */
const PROBE_EVERY_MS = 1000
/** So many of those in a row without an answer, and the connection is made anew: what is behind it may have gone for good. */
const PROBES_PER_CONNECTION = 5

export interface LivenessOptions {
  /** One command that says whether the server answers. */
  readonly probe: () => Promise<unknown>
  /** Makes the connection anew. */
  readonly reconnect: () => void
  readonly changed: (state: 'up' | 'away', reason: string) => void
}

/**
 * Whether Redis is there: a breaker for commands. It is away until the first connection stands, from the moment a connection is
 * lost, and after three timeouts in a row; it is up again when a connection stands or a probe is answered.
 */
export class Liveness {
  readonly #options: LivenessOptions
  /** Absent = nothing is known yet, which is `away` to everybody. */
  #state: 'up' | 'away' | undefined
  #isConnected = false
  #timeouts = 0
  #failedProbes = 0
  #timer: NodeJS.Timeout | undefined

  constructor (options: LivenessOptions) {
    this.#options = options
  }

  get state (): 'up' | 'away' { return this.#state ?? 'away' }

  connected (): void {
    this.#isConnected = true
    this.#up('connected')
  }

  lost (reason: string): void {
    this.#isConnected = false
    clearTimeout(this.#timer)
    this.#away(reason)
  }

  answered (): void {
    this.#timeouts = 0
  }

  timedOut (): void {
    if (++this.#timeouts < TIMEOUTS_IN_A_ROW || this.#state !== 'up') return
    this.#away('it does not answer')
    this.#probeLater()
  }

  close (): void {
    clearTimeout(this.#timer)
  }

  #probeLater (): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#options.probe().then(() => { this.#up('it answers again') }, () => { this.#probeFailed() })
    }, PROBE_EVERY_MS).unref()
  }

  #probeFailed (): void {
    if (!this.#isConnected || this.#state === 'up') return
    if (++this.#failedProbes % PROBES_PER_CONNECTION === 0) this.#options.reconnect()
    else this.#probeLater()
  }

  #up (reason: string): void {
    clearTimeout(this.#timer)
    this.#timeouts = 0
    this.#failedProbes = 0
    this.#change('up', reason)
  }

  #away (reason: string): void {
    this.#change('away', reason)
  }

  #change (state: 'up' | 'away', reason: string): void {
    if (state === this.#state) return
    this.#state = state
    this.#options.changed(state, reason)
  }
}
