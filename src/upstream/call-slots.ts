/** Ids leave room for this many calls at once; the bound on a worker's stdin queue is far below. */
const SLOT_RANGE = 2 ** 16

/**
 * Calls in flight by the id they are sent under. An array of places and not a Map, for the reason given at ChurnList; an
 * id is the place's number and a turn that never repeats, so looking one up is one comparison.
 */
export class CallSlots<T extends { readonly id: number }> {
  readonly #slots: Array<T | undefined> = []
  readonly #free: number[] = []
  #turn: number

  /** @param firstTurn where counting begins: unguessable, so that no server can answer for ids it does not owe (T39) */
  constructor (firstTurn: number) {
    this.#turn = firstTurn
  }

  /** An id that nothing on this connection ever had or gets again; it must be released. */
  nextId (): number {
    const slot = this.#free.pop() ?? this.#slots.push(undefined) - 1
    return this.#turn++ * SLOT_RANGE + slot
  }

  set (call: T): void {
    this.#slots[call.id % SLOT_RANGE] = call
  }

  get (id: unknown): T | undefined {
    if (typeof id !== 'number') return undefined
    const call = this.#slots[id % SLOT_RANGE]
    return call?.id === id ? call : undefined
  }

  /** Gives the id's place to later calls. Once per id. */
  release (id: number): void {
    this.#slots[id % SLOT_RANGE] = undefined
    this.#free.push(id % SLOT_RANGE)
  }

  get size (): number { return this.#slots.length - this.#free.length }

  /** Oldest first. */
  [Symbol.iterator] (): Iterator<T> {
    return this.#slots.filter((call) => call !== undefined).sort((one, other) => one.id - other.id)[Symbol.iterator]()
  }
}
