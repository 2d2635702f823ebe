interface Entry<V> { readonly value: V, readonly chars: number }

/** What a {@link BoundedMap} holds at most. */
export interface Bounds {
  readonly maxEntries: number
  /** Of all entries together, in characters as their owners count them. */
  readonly maxChars: number
  /** Of one entry: a larger one is not kept. */
  readonly maxEntryChars: number
}

/** A map that forgets what was set longest ago. Reading changes nothing in it, so it may be read on the hot path. */
export class BoundedMap<V> {
  readonly #bounds: Bounds
  readonly #entries = new Map<string, Entry<V>>()
  #chars = 0

  constructor (bounds: Bounds) {
    this.#bounds = bounds
  }

  get size (): number { return this.#entries.size }

  get (key: string): V | undefined {
    return this.#entries.get(key)?.value
  }

  set (key: string, value: V, chars: number): void {
    this.delete(key)
    if (chars > this.#bounds.maxEntryChars) return
    this.#entries.set(key, { value, chars })
    this.#chars += chars
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#bounds.maxEntries && this.#chars <= this.#bounds.maxChars) break
      this.delete(oldest)
    }
  }

  delete (key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#chars -= entry.chars
  }
}
