/** Mean delay of a second, in milliseconds, from which answers are of no use to anybody: callers wait several turns. */
const MAX_DELAY_MS = 1000
/** Two readings in a row have to be bad: one long pause (a stopped machine, one huge parse) is over when it is seen. */
const SUSTAINED_MS = 1500
/** Readings older than this say nothing about now. */
const FORGET_MS = 3000

/** Decides from readings of the event loop's delay whether to refuse work (FR35). */
export class Pressure {
  #sinceMs = 0
  #lastMs = Number.NEGATIVE_INFINITY

  /** @param delayMs the latest reading; @param nowMs monotonic */
  isOver (delayMs: number, nowMs: number): boolean {
    if (delayMs < MAX_DELAY_MS) {
      this.#lastMs = Number.NEGATIVE_INFINITY
      return false
    }
    if (nowMs - this.#lastMs > FORGET_MS) this.#sinceMs = nowMs
    this.#lastMs = nowMs
    return nowMs - this.#sinceMs >= SUSTAINED_MS
  }
}
