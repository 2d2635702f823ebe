import { FairFlow } from '../shared/fair-line.ts'

/** Each new time counts for so much: steady enough to plan by, and a server that becomes slow shows after some ten calls. */
const NEWEST_SHARE = 0.1

/** A number of slots and the line of those who wait for one. */
export interface Slots {
  /** Slots in all; Infinity = no limit. Below `taken` after a reload that lowered it: then none is free until enough are given back. */
  limit: number
  taken: number
  /** Whose turn it is when a slot comes free. */
  readonly line: FairFlow
  /** How long a slot is held, in milliseconds: a moving mean. NaN until one was given back. */
  heldMs: number
}

/** Makes `limit` free slots. */
export function createSlots (limit: number): Slots {
  return { limit, taken: 0, line: new FairFlow(), heldMs: NaN }
}

/** Takes a free slot, if there is one. A freed slot goes straight to the line, so nobody can take it past the line. */
export function takeSlot (slots: Slots): boolean {
  if (slots.taken >= slots.limit) return false
  slots.taken++
  return true
}

/** Notes for how long a slot was held that served its purpose. */
export function noteHeld (slots: Slots, ms: number): void {
  slots.heldMs = Number.isNaN(slots.heldMs) ? ms : slots.heldMs + (ms - slots.heldMs) * NEWEST_SHARE
}

/** Milliseconds until a newcomer to `flow`, a flow of this line, may expect a slot. 0 = no time is known yet. */
export function expectedWaitMs (slots: Slots, flow: FairFlow): number {
  const waitMs = flow.turnsUntilServed() * slots.heldMs / slots.limit
  return Number.isNaN(waitMs) ? 0 : waitMs
}
