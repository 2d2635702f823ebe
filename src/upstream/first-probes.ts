/**
 * Openings that find out which eras an entry speaks. Those that come meanwhile wait for what the first one finds, so that a
 * server that dies of the question dies of it once, however many users come at the same moment.
 */
export class FirstProbes {
  readonly #underway = new Map<string, Promise<unknown>>()

  /** Is there one? Ask right before `run`: whoever waits in between lets others in. */
  isUnderway (entry: string): boolean {
    return this.#underway.has(entry)
  }

  /** Waits until the entry's probe is over, whatever came of it, or the signal aborts. */
  async over (entry: string, signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<undefined>()
    const give = (): void => { aborted.resolve(undefined) }
    signal.addEventListener('abort', give, { once: true })
    if (signal.aborted) give()
    await Promise.race([this.#underway.get(entry)?.catch(() => undefined), aborted.promise])
    signal.removeEventListener('abort', give)
  }

  /** Others wait for this opening until it settles. */
  async run<T> (entry: string, open: () => Promise<T>): Promise<T> {
    if (this.#underway.has(entry)) return await open()
    const opening = open()
    this.#underway.set(entry, opening)
    try {
      return await opening
    } finally {
      this.#underway.delete(entry)
    }
  }
}
