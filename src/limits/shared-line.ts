import { FairFlow, leaveFairLine } from '../shared/fair-line.ts'
import type { FairWaiter } from '../shared/fair-line.ts'

/** A call that waits for a slot which another replica holds. */
export interface ParkedCall extends FairWaiter {
  /** Asks again; {@link SharedLine.asked} when it knows. */
  tryAgain (): void
  /** Waits no longer. */
  giveUp (why: 'closed'): void
}

/**
 * Calls of this process that wait for slots of one user or tenant. Only the first asks: the others would hear the same. It stays
 * first until it is let in or leaves.
 */
export class SharedLine {
  readonly flow = new FairFlow()
  /** {@link SharedLines}' own. */
  isWatched = false
  #first: ParkedCall | undefined
  #isAsking = false
  #isClosed = false

  /** Who comes now waits behind others. */
  get isBlocked (): boolean { return this.#first !== undefined }

  /** At the end of `flow`, which is this line's or below it. */
  join (call: ParkedCall, flow: FairFlow): void {
    flow.join(call)
    this.#promote()
  }

  leave (call: ParkedCall): void {
    leaveFairLine(call)
    if (this.#first !== call) return
    this.#first = undefined
    this.#isAsking = false
    this.#promote()
  }

  /** Something may have come free. */
  wake (): void {
    if (this.#first === undefined || this.#isAsking || this.#isClosed) return
    this.#isAsking = true
    this.#first.tryAgain()
  }

  /** The first has an answer, and it was no. */
  asked (): void { this.#isAsking = false }

  /** Nobody waits here any more. */
  close (): void {
    this.#isClosed = true
    while (this.#first !== undefined) this.#first.giveUp('closed')
  }

  #promote (): void {
    // Only calls join.
    this.#first ??= this.flow.next() as ParkedCall | undefined
  }
}
