/** What a {@link FlowHeap} orders. */
export interface HeapFlow {
  /** Least first. */
  readonly endsAt: number
  /** Least first among equals. */
  readonly order: number
  /** Its place in the heap, which the heap alone writes; -1 = in none. */
  at: number
}

/** A binary heap whose members know their place, so that one can leave from the middle without a search. */
export class FlowHeap<T extends HeapFlow> {
  readonly #flows: T[] = []

  /** The member that comes first. */
  get least (): T | undefined { return this.#flows[0] }

  add (flow: T): void {
    this.#flows.push(flow)
    this.#rise(flow, this.#flows.length - 1)
  }

  remove (flow: T): void {
    const at = flow.at
    const last = this.#flows.pop()
    flow.at = -1
    if (last === undefined || last === flow) return
    this.#rise(last, at)
    this.#sink(last)
  }

  /** Puts a member in order again that now comes later than it did. */
  sank (flow: T): void {
    this.#sink(flow)
  }

  #rise (flow: T, from: number): void {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = this.#flows[above] as T
      if (!isBefore(flow, other)) break
      this.#put(other, at)
      at = above
    }
    this.#put(flow, at)
  }

  #sink (flow: T): void {
    const flows = this.#flows
    let at = flow.at
    for (;;) {
      let below = 2 * at + 1
      const right = flows[below + 1]
      const left = flows[below]
      if (left === undefined) break
      let other = left
      if (right !== undefined && isBefore(right, left)) {
        other = right
        below += 1
      }
      if (!isBefore(other, flow)) break
      this.#put(other, at)
      at = below
    }
    this.#put(flow, at)
  }

  #put (flow: T, at: number): void {
    this.#flows[at] = flow
    flow.at = at
  }
}

function isBefore (a: HeapFlow, b: HeapFlow): boolean {
  return a.endsAt < b.endsAt || (a.endsAt === b.endsAt && a.order < b.order)
}
