import type { Clock } from '../shared/clock.ts'
import { leaveFairLine } from '../shared/fair-line.ts'
import type { FairFlow, FairWaiter } from '../shared/fair-line.ts'
import { expectedWaitMs, takeSlot } from './slots.ts'
import type { Slots } from './slots.ts'
import { flowFor, lackedBy } from './stages.ts'
import type { Places } from './stages.ts'

/** How a wait ended; `shed` = it did not begin, because it would have been longer than the deadline allows. */
export type WaitOutcome = 'granted' | 'deadline' | 'aborted' | 'closed' | 'shed'

/** A call that found a slot missing. */
export interface WaitRequest {
  readonly places: Places
  /** How many of its slots it holds already, in their order. */
  readonly held: number
  /** Monotonic ms; Infinity = none. */
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
  /**
   * Called once, in the turn in which the wait ends. 'granted': all slots are held now. Otherwise none is.
   * @param held how many were held before
   */
  settled (outcome: Exclude<WaitOutcome, 'shed'>, held: number): void
}

/** The queue of all calls that wait. */
export interface SlotQueue {
  enter (request: WaitRequest): void
  /** Ends every wait as 'closed', and each later one at once. */
  close (): void
}

/** setTimeout takes 32 bits; a later deadline is no deadline (24 days). */
const MAX_TIMER_MS = 2_147_483_647

/** Takes what is free of the slots that a call needs, beginning at `held`; says how many it holds then. */
export function takeSlots ({ slots }: Places, held: number): number {
  let holds = held
  while (holds < slots.length && takeSlot(slots[holds] as Slots)) holds += 1
  return holds
}

/** Gives the first `held` slots of a call back, the last taken first: each to the first in its line, if anybody waits. */
export function giveSlots ({ slots }: Places, held: number): void {
  for (let index = held - 1; index >= 0; index--) giveSlot(slots[index] as Slots)
}

/** Another number of slots: those who wait get what is new. */
export function resizeSlots (slots: Slots, limit: number): void {
  slots.limit = limit
  while (slots.line.waiting > 0 && takeSlot(slots)) (slots.line.next() as Wait).onTurn()
}

/** What a call that holds `held` slots has to wait for the others, by what was measured; 0 = not known. */
export function expectedWaitOf (places: Places, held: number): number {
  let waitMs = 0
  for (let stage = held; stage < places.slots.length; stage++) {
    const slots = lackedBy(places, stage)
    if (slots.taken >= slots.limit) waitMs += expectedWaitMs(slots, flowFor(places, stage))
  }
  return waitMs
}

/**
 * Makes the queue. Slots are taken in one order by all, so nobody deadlocks, from the caller's own to those of everybody:
 * a user stands in the line of the tenant, and a tenant in those of a server and of the gateway, with no more calls than
 * their own bounds allow. A call keeps what it holds while it waits for the next.
 */
export function createSlotQueue (clock: Clock): SlotQueue {
  return new CallQueue(clock)
}

class CallQueue implements SlotQueue {
  readonly #clock: Clock
  /** All who wait, newest first: a list of the waits themselves. */
  #newest: Wait | undefined
  #isClosed = false

  constructor (clock: Clock) {
    this.#clock = clock
  }

  enter (request: WaitRequest): void {
    const wait = new Wait(request, this)
    const leftMs = request.deadlineMs - this.#clock.nowMs()
    if (this.#isClosed) return wait.finish('closed')
    if (request.signal?.aborted === true) return wait.finish('aborted')
    if (leftMs <= 0) return wait.finish('deadline')
    this.#add(wait)
    wait.begin(leftMs)
  }

  close (): void {
    this.#isClosed = true
    // All leave their lines before the first gives its slots back: nobody is let in by another's end.
    for (let wait = this.#newest; wait !== undefined; wait = wait.older) leaveFairLine(wait)
    while (this.#newest !== undefined) this.#newest.finish('closed')
  }

  remove (wait: Wait): void {
    const { newer, older } = wait
    if (newer === undefined && this.#newest !== wait) return
    if (newer === undefined) this.#newest = older
    else newer.older = older
    if (older !== undefined) older.newer = newer
    wait.newer = wait.older = undefined
  }

  #add (wait: Wait): void {
    wait.older = this.#newest
    if (this.#newest !== undefined) this.#newest.newer = wait
    this.#newest = wait
  }
}

/** One call in line. */
class Wait implements FairWaiter {
  flow: FairFlow | undefined
  before: FairWaiter | undefined
  behind: FairWaiter | undefined
  newer: Wait | undefined
  older: Wait | undefined
  readonly #request: WaitRequest
  readonly #queue: CallQueue
  #held: number
  #timer: NodeJS.Timeout | undefined

  constructor (request: WaitRequest, queue: CallQueue) {
    this.#request = request
    this.#queue = queue
    this.#held = request.held
    request.places.user.waiting++
    request.places.tenant.waiting++
  }

  begin (leftMs: number): void {
    this.#stand()
    this.#request.signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (leftMs <= MAX_TIMER_MS) this.#timer = setTimeout(() => { this.finish('deadline') }, leftMs)
  }

  /** Was given the slot it stood in line for, and has left that line. */
  onTurn (): void {
    this.#held = takeSlots(this.#request.places, this.#held + 1)
    if (this.#held === this.#request.places.slots.length) this.finish('granted')
    else this.#stand()
  }

  finish (outcome: Exclude<WaitOutcome, 'shed'>): void {
    const { places, signal } = this.#request
    leaveFairLine(this)
    this.#queue.remove(this)
    clearTimeout(this.#timer)
    signal?.removeEventListener('abort', this.#onAbort)
    places.user.waiting--
    places.tenant.waiting--
    if (outcome !== 'granted') giveSlots(places, this.#held)
    this.#request.settled(outcome, this.#held)
  }

  #stand (): void {
    flowFor(this.#request.places, this.#held).join(this)
  }

  readonly #onAbort = (): void => { this.finish('aborted') }
}

function giveSlot (slots: Slots): void {
  if (slots.line.waiting === 0 || slots.taken > slots.limit) slots.taken--
  // Only waits join these lines.
  else (slots.line.next() as Wait).onTurn()
}
