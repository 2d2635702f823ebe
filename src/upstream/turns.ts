/** `interactive: true`: one call at a time has the server to itself, the others wait in the order in which they came (rulings 4). */
export class Turns<T> {
  readonly #waiting: T[] = []
  #holder: T | undefined

  /** True: it is this one's turn. False: it waits, and `end` of the ones before it will bring it up. */
  take (one: T): boolean {
    if (this.#holder !== undefined) {
      this.#waiting.push(one)
      return false
    }
    this.#holder = one
    return true
  }

  /** It is over, or waits no longer. Returns the one whose turn begins, if that ended a turn; one without a turn changes nothing. */
  end (one: T): T | undefined {
    if (this.#holder !== one) {
      const at = this.#waiting.indexOf(one)
      if (at >= 0) this.#waiting.splice(at, 1)
      return undefined
    }
    this.#holder = this.#waiting.shift()
    return this.#holder
  }

  /** Nobody gets a turn any more. */
  clear (): void {
    this.#waiting.length = 0
  }
}
