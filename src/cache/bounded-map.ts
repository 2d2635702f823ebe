interface Entry<V> { readonly value: V, readonly chars: number, isUsed: boolean }

/** What a {@link BoundedMap} holds at most. */
export interface Bounds {
  readonly maxEntries: number
  /** Of all entries together, in characters as their owners count them. */
  readonly maxChars: number
  /** Of one entry: a larger one is not kept. */
  readonly maxEntryChars: number
}

/** Entries that are spared in a row before one goes all the same: a look through everything would hold up a call. */
const MAX_SPARED = 16

/**
 * A map that forgets what was set longest ago and not read since. Reading leaves the order alone and marks the entry, which
 * is spared once for it: so it may be read on the hot path, and nothing is taken out and put in again for that.
 */
export class BoundedMap<V> {
  readonly #bounds: Bounds
  readonly #onForgotten: ((key: string, value: V) => void) | undefined
  readonly #entries = new Map<string, Entry<V>>()
  #chars = 0

  /** @param onForgotten told of what has to go for want of room, not of what is deleted or replaced */
  constructor (bounds: Bounds, onForgotten?: (key: string, value: V) => void) {
    this.#bounds = bounds
    this.#onForgotten = onForgotten
  }

  get size (): number { return this.#entries.size }

  /** Of all entries together. */
  get chars (): number { return this.#chars }

  get (key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.isUsed = true
    return entry.value
  }

  /** One that is too large is not kept, and takes its predecessor with it. */
  set (key: string, value: V, chars: number): void {
    this.delete(key)
    if (chars > this.#bounds.maxEntryChars) return
    this.#entries.set(key, { value, chars, isUsed: false })
    this.#chars += chars
    this.#makeRoom()
  }

  #makeRoom (): void {
    let spared = 0
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#bounds.maxEntries && this.#chars <= this.#bounds.maxChars) return
      this.delete(key)
      if (entry.isUsed && spared++ < MAX_SPARED) {
        entry.isUsed = false
        this.#entries.set(key, entry)
        this.#chars += entry.chars
      } else this.#onForgotten?.(key, entry.value)
    }
  }

  delete (key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#chars -= entry.chars
  }
}
