/** Retries that are there at the start, and the most that are saved up: enough for the calls in flight when one server is restarted. */
const MAX_TOKENS = 20
/** A retry a second is always allowed, or a server that is called now and then would have none. */
const TOKENS_PER_MS = 1 / 1000

/**
 * How many requests to one server may be retries: a share of all its requests (FR11). When everything fails, retries come to an
 * end, where a fixed number for each request would multiply the load on a server that has too much of it.
 */
export class RetryBudget {
  readonly #share: number
  readonly #nowMs: () => number
  #tokens = MAX_TOKENS
  #atMs: number

  /** @param percent retries per hundred requests, 1 to 100; @param nowMs monotonic */
  constructor (percent: number, nowMs: () => number) {
    this.#share = percent / 100
    this.#nowMs = nowMs
    this.#atMs = nowMs()
  }

  /** A request that is no retry was made. */
  earn (): void {
    // No clock here: this is on the path of every request.
    if (this.#tokens < MAX_TOKENS) this.#tokens = Math.min(MAX_TOKENS, this.#tokens + this.#share)
  }

  /** True: a retry may be made now, and counts as made. */
  spend (): boolean {
    const nowMs = this.#nowMs()
    this.#tokens = Math.min(MAX_TOKENS, this.#tokens + (nowMs - this.#atMs) * TOKENS_PER_MS)
    this.#atMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
