import type { Clock } from '../shared/clock.ts'
import { giveSlot, joinLine, leaveLine, takeSlot } from './slots.ts'
import type { Slots, Waiter } from './slots.ts'

/** How a wait ended. */
export type WaitOutcome = 'granted' | 'deadline' | 'aborted' | 'closed'

/** Slots of a user or a tenant, and how many calls of theirs wait, at whichever of the two they stand in line. */
export interface WaitingRoom {
  readonly slots: Slots
  waiting: number
}

/** A call that found no free slot. */
export interface WaitRequest {
  readonly user: WaitingRoom
  readonly tenant: WaitingRoom
  /** Does the call hold its user's slot already, and only lacks the tenant's? */
  readonly holdsUserSlot: boolean
  /** Monotonic ms; Infinity = none. */
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
  /**
   * Called once, in the turn in which the wait ends. 'granted': both slots are held now. Otherwise none is.
   * @param scarce whose slot was missing at the end
   */
  settled (outcome: WaitOutcome, scarce: 'user' | 'tenant'): void
}

/** The queue of all calls that wait. */
export interface SlotQueue {
  enter (request: WaitRequest): void
  /** Ends every wait as 'closed', and each later one at once. */
  close (): void
}

/** setTimeout takes 32 bits; a later deadline is no deadline (24 days). */
const MAX_TIMER_MS = 2_147_483_647

/**
 * Makes the queue. A call takes its user's slot first and its tenant's second: one order for all, so nobody deadlocks,
 * and a user can stand in the tenant's line with no more calls than their own limit, so a flood of one user does not
 * delay the others. First come, first served in each line.
 */
export function createSlotQueue (clock: Clock): SlotQueue {
  const ends = new Set<() => void>()
  let closed = false
  return {
    enter (request) {
      if (closed) {
        if (request.holdsUserSlot) giveSlot(request.user.slots)
        request.settled('closed', request.holdsUserSlot ? 'tenant' : 'user')
        return
      }
      startWait(request, clock, ends)
    },
    close () {
      closed = true
      // No wait holds a tenant's slot, so none that ends here can let another in.
      for (const end of [...ends]) end()
    }
  }
}

function startWait (request: WaitRequest, clock: Clock, ends: Set<() => void>): void {
  const { user, tenant, signal, deadlineMs } = request
  let holdsUserSlot = request.holdsUserSlot
  let timer: NodeJS.Timeout | undefined
  const waiter: Waiter = { onTurn, line: undefined, before: undefined, behind: undefined }
  const onClose = (): void => finish('closed')
  const onAbort = (): void => finish('aborted')
  user.waiting++
  tenant.waiting++

  function onTurn (): void {
    if (holdsUserSlot || takeSlot(tenant.slots)) {
      finish('granted')
      return
    }
    holdsUserSlot = true
    joinLine(tenant.slots, waiter)
  }

  function finish (outcome: WaitOutcome): void {
    leaveLine(waiter)
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    ends.delete(onClose)
    user.waiting--
    tenant.waiting--
    const scarce = holdsUserSlot ? 'tenant' : 'user'
    if (outcome !== 'granted' && holdsUserSlot) giveSlot(user.slots)
    request.settled(outcome, scarce)
  }

  const leftMs = deadlineMs - clock.nowMs()
  if (signal?.aborted === true) return finish('aborted')
  if (leftMs <= 0) return finish('deadline')
  joinLine(holdsUserSlot ? tenant.slots : user.slots, waiter)
  ends.add(onClose)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (leftMs <= MAX_TIMER_MS) timer = setTimeout(finish, leftMs, 'deadline')
}
