/** Requests that are owed an answer right now, wherever they wait: for a slot, a worker or a server. Draining waits for them (FR31). */
export class Work {
  #count = 0
  readonly #waiting = new Set<() => void>()

  get count (): number { return this.#count }

  enter (): void { this.#count++ }

  leave (): void {
    this.#count--
    if (this.#count === 0) for (const done of [...this.#waiting]) done()
  }

  /** Resolves when nothing is owed, or when the time is over. */
  async untilDone (timeoutMs: number): Promise<void> {
    if (this.#count === 0) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.#waiting.add(done)
    })
  }

  /** Waits no longer: everything is being ended. */
  giveUp (): void {
    for (const done of [...this.#waiting]) done()
  }
}
