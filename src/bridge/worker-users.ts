/** Whoever used a running worker. What it says of its own accord may be about any of them, long after their calls (T20). */
export class WorkerUsers {
  #only: string | undefined
  areSeveral = false

  add (userKey: string): void {
    if (this.#only === undefined) this.#only = userKey
    else if (this.#only !== userKey) this.areSeveral = true
  }

  /** Another worker, which nobody has used yet. */
  clear (): void {
    this.#only = undefined
    this.areSeveral = false
  }
}
