/** Requests of this process's clients that other processes are serving (`processes: N`). */
export class HandOvers {
  #count = 0
  #over: PromiseWithResolvers<undefined> | undefined

  enter (): void { this.#count++ }

  leave (): void {
    if (--this.#count > 0) return
    this.#over?.resolve(undefined)
    this.#over = undefined
  }

  /** Resolves when there is none, or when the time is over: their owners end them as they drain, but who does not read an answer has it for as long as they like. */
  async over (maxMs: number): Promise<void> {
    if (this.#count === 0) return
    this.#over ??= Promise.withResolvers()
    const timer = setTimeout(this.#over.resolve, maxMs, undefined)
    await this.#over.promise
    clearTimeout(timer)
  }
}
