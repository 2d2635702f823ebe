/** Something that waits in a {@link DelayLine}; its places are the line's to set. */
export interface Delayed {
  /** Called when the wait is over, unless it was taken out before. */
  overdue (): void
  /** Monotonic milliseconds. */
  dueMs: number
  ahead: Delayed | undefined
  behind: Delayed | undefined
}

/**
 * Waits of one length for things that nearly always end before: one timer for all that wait, instead of one for each to be
 * made, put in order and cleared. As all wait equally long, they stand in the order in which they are due. Nothing is kept of
 * what has left, and nothing that waits keeps the process from ending.
 */
export class DelayLine {
  /** How long each waits, in milliseconds. */
  readonly delayMs: number
  readonly #nowMs: () => number
  #first: Delayed | undefined
  #last: Delayed | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #look = (): void => { this.#lookForDue() }

  /** @param nowMs monotonic */
  constructor (delayMs: number, nowMs: () => number) {
    this.delayMs = delayMs
    this.#nowMs = nowMs
  }

  /** Must not stand in a line already. @param nowMs for who has just read the clock */
  add (waiting: Delayed, nowMs = this.#nowMs()): void {
    waiting.dueMs = nowMs + this.delayMs
    waiting.ahead = this.#last
    if (this.#last === undefined) this.#first = waiting
    else this.#last.behind = waiting
    this.#last = waiting
    // It stays set when the line empties: what comes next would set it again.
    this.#timer ??= setTimeout(this.#look, this.delayMs).unref()
  }

  /** Takes it out; nothing if it does not stand in this line any more. */
  remove (waiting: Delayed): void {
    const { ahead, behind } = waiting
    if (ahead === undefined && this.#first !== waiting) return
    if (ahead === undefined) this.#first = behind
    else ahead.behind = behind
    if (behind === undefined) this.#last = ahead
    else behind.ahead = ahead
    waiting.ahead = undefined
    waiting.behind = undefined
  }

  #lookForDue (): void {
    this.#timer = undefined
    const nowMs = this.#nowMs()
    for (let first = this.#first; first !== undefined && first.dueMs <= nowMs; first = this.#first) {
      this.remove(first)
      first.overdue()
    }
    if (this.#first !== undefined) this.#timer ??= setTimeout(this.#look, Math.max(1, Math.ceil(this.#first.dueMs - nowMs))).unref()
  }
}
