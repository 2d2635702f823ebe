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

  /** Resolves when there is none. It is their owners that end them: in time, as each drains, or with itself. */
  async over (): Promise<void> {
    if (this.#count === 0) return
    this.#over ??= Promise.withResolvers()
    await this.#over.promise
  }
}
