/** One who waits for a slot; a node of a doubly linked line, so that leaving from the middle is O(1). */
export interface Waiter {
  /** Called once, in the turn of the release, when this waiter was given a slot and has left the line. */
  readonly onTurn: () => void
  line: Slots | undefined
  before: Waiter | undefined
  behind: Waiter | undefined
}

/** A number of slots and the line of those who wait for one, first come first served. */
export interface Slots {
  /** Slots in all; Infinity = no limit. */
  readonly limit: number
  taken: number
  first: Waiter | undefined
  last: Waiter | undefined
}

/** Makes `limit` free slots. */
export function createSlots (limit: number): Slots {
  return { limit, taken: 0, first: undefined, last: undefined }
}

/** Takes a free slot, if there is one. A freed slot goes straight to the line, so nobody can take it past the line. */
export function takeSlot (slots: Slots): boolean {
  if (slots.taken >= slots.limit) return false
  slots.taken++
  return true
}

/** Gives a slot back: to the first in line, if anybody waits. */
export function giveSlot (slots: Slots): void {
  const next = slots.first
  if (next === undefined) {
    slots.taken--
    return
  }
  leaveLine(next)
  next.onTurn()
}

/** Stands at the end of the line. */
export function joinLine (slots: Slots, waiter: Waiter): void {
  waiter.line = slots
  waiter.before = slots.last
  if (slots.last === undefined) slots.first = waiter
  else slots.last.behind = waiter
  slots.last = waiter
}

/** Leaves the line, from wherever it stands; nothing if it stands in none. */
export function leaveLine (waiter: Waiter): void {
  const { line, before, behind } = waiter
  if (line === undefined) return
  if (before === undefined) line.first = behind
  else before.behind = behind
  if (behind === undefined) line.last = before
  else behind.before = before
  waiter.line = waiter.before = waiter.behind = undefined
}
