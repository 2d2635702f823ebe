import { FlowHeap } from './flow-heap.ts'
import type { HeapFlow } from './flow-heap.ts'

/**
 * Length of a turn of weight 1 in virtual time. Divisible by all numbers to 16, so that turns are whole numbers and equal
 * sums are equal; a weight near 1000 is off by less than a thousandth.
 */
const TURN = 720_720

/** One who waits: a node of the list of their flow, so that leaving from the middle costs no search. */
export interface FairWaiter {
  /** Where they stand; undefined = nowhere. */
  flow: FairFlow | undefined
  before: FairWaiter | undefined
  behind: FairWaiter | undefined
}

/**
 * A line of lines: weighted fair queueing by virtual finish times, at every level of a tree (tenants, then users). A
 * flow holds either waiters, first come first served, or flows that share its turns by their weights. Each turn goes to
 * the flow whose turn, as long as 1 / weight, ends first; a flow that comes begins at the time that the line has reached,
 * so it neither pays for others nor has credit for the time it was idle (self-clocked fair queueing, Golestani 1994).
 * Every step costs the logarithm of the flows beside it; a flow in which nobody waits costs nothing.
 */
export class FairFlow implements HeapFlow {
  readonly parent: FairFlow | undefined
  /** Share among the flows beside it. */
  readonly weight: number
  /** Virtual time at which the next turn of this flow ends. */
  endsAt = 0
  /** Among equals, who came first. */
  order = 0
  at = -1
  /** Those who wait in this flow and below it. */
  waiting = 0
  /** Sum of the weights of the flows below in which somebody waits. */
  activeWeight = 0
  readonly #turn: number
  readonly #flows = new FlowHeap<FairFlow>()
  #virtualTime = 0
  #comers = 0
  #first: FairWaiter | undefined
  #last: FairWaiter | undefined

  /** Without a parent it is the line itself. `weight` is above 0. */
  constructor (parent?: FairFlow, weight = 1) {
    this.parent = parent
    this.weight = weight
    this.#turn = Math.round(TURN / weight)
  }

  /** Stands at the end of this flow, which must be one without flows below it. */
  join (waiter: FairWaiter): void {
    waiter.flow = this
    waiter.before = this.#last
    if (this.#last === undefined) this.#first = waiter
    else this.#last.behind = waiter
    this.#last = waiter
    for (let flow: FairFlow | undefined = this; flow !== undefined; flow = flow.parent) {
      if (flow.waiting++ === 0 && flow.parent !== undefined) flow.parent.#enter(flow)
    }
  }

  /** Takes the one whose turn it is out of the line. Ask the line itself, not a flow of it. */
  next (): FairWaiter | undefined {
    const flow = this.#flows.least
    if (flow === undefined) {
      const waiter = this.#first
      if (waiter !== undefined) leaveFairLine(waiter)
      return waiter
    }
    this.#virtualTime = flow.endsAt
    const waiter = flow.next()
    // Who stands alone was taken out of the heap with their waiter.
    if (flow.waiting > 0) {
      flow.endsAt += flow.#turn
      flow.order = this.#comers++
      this.#flows.sank(flow)
    }
    return waiter
  }

  /**
   * Turns of the whole line until a newcomer to this flow has theirs, theirs included, if nobody else comes: what is
   * ahead in their own flow, as often as the flows beside it have turns in between, and never more than all who wait.
   */
  turnsUntilServed (): number {
    let turns = this.waiting + 1
    for (let flow: FairFlow = this; flow.parent !== undefined; flow = flow.parent) {
      const { activeWeight, waiting } = flow.parent
      const weights = flow.waiting > 0 ? activeWeight : activeWeight + flow.weight
      turns = Math.min(waiting + 1, Math.ceil(turns * weights / flow.weight))
    }
    return turns
  }

  /** For {@link leaveFairLine}. */
  unlink (waiter: FairWaiter): void {
    const { before, behind } = waiter
    if (before === undefined) this.#first = behind
    else before.behind = behind
    if (behind === undefined) this.#last = before
    else behind.before = before
    for (let flow: FairFlow | undefined = this; flow !== undefined; flow = flow.parent) {
      if (--flow.waiting === 0 && flow.parent !== undefined) flow.parent.#leave(flow)
    }
  }

  #enter (flow: FairFlow): void {
    flow.endsAt = this.#virtualTime + flow.#turn
    flow.order = this.#comers++
    this.activeWeight += flow.weight
    this.#flows.add(flow)
  }

  #leave (flow: FairFlow): void {
    this.#flows.remove(flow)
    if (this.#flows.least !== undefined) {
      this.activeWeight -= flow.weight
      return
    }
    // Nobody is left to compare with: numbers start again, so they stay small and exact.
    this.activeWeight = 0
    this.#virtualTime = 0
    this.#comers = 0
  }
}

/** Leaves the line, from wherever they stand; nothing if they stand in none. */
export function leaveFairLine (waiter: FairWaiter): void {
  const { flow } = waiter
  if (flow === undefined) return
  flow.unlink(waiter)
  waiter.flow = waiter.before = waiter.behind = undefined
}
