import type { Clock } from '../shared/clock.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { charge, fullOf, reserve, tightestOf, UNCHARGED, unreserve } from './charges.ts'
import type { Charges } from './charges.ts'
import { LocalGrant } from './local-grant.ts'
import type { LocalCallGrant } from './local-grant.ts'
import { createPlans } from './plans.ts'
import type { LimitedSettings, Plan, Share } from './plans.ts'
import { slotRefusal } from './refusals.ts'
import { createSlotQueue, expectedWaitOf, giveSlots, takeSlots } from './slot-queue.ts'
import type { SlotQueue } from './slot-queue.ts'
import type { Places } from './stages.ts'
import type { LimitDecision, LimitEvents, LimitRefusal } from './types.ts'

/**
 * Waiting calls hold their request in memory, so lines are short: enough for a batch of 50 from each of ten sessions of
 * one user, and for eight such users in one tenant. Beyond it a call is refused at once.
 */
export const MAX_WAITING_PER_USER = 512
export const MAX_WAITING_PER_TENANT = 4096

/** How long a call may wait, and what ends its wait before. */
export interface CallRequest {
  /** Monotonic ms; Infinity = none. */
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * What one process knows by itself: exact windows, quotas and slots in memory. Decides synchronously, but for calls that have to
 * wait for a slot, and never rejects.
 */
export class LocalLimits {
  readonly #clock: Clock
  readonly #events: LimitEvents
  readonly #plans: ReturnType<typeof createPlans>
  readonly #queue: SlotQueue

  constructor (snapshot: LimitedSettings, clock: Clock, events: LimitEvents) {
    this.#clock = clock
    this.#events = events
    this.#plans = createPlans(snapshot)
    this.#queue = createSlotQueue(clock)
  }

  plan (principal: Principal, nowMs: number): Plan {
    return this.#plans.of(principal, nowMs)
  }

  configure (snapshot: LimitedSettings): void { this.#plans.configure(snapshot) }

  /** Limits are divided among so many replicas from now on. */
  divide (share: Share): void { this.#plans.divide(share) }

  close (): void { this.#queue.close() }

  refused (refusal: LimitRefusal): { readonly admitted: false, readonly refusal: LimitRefusal } {
    this.#events.refused(refusal.name)
    return { admitted: false, refusal }
  }

  /** A request that takes no slot. */
  decide (charges: Charges, nowMs: number): LimitDecision {
    const full = fullOf(charges, this.#clock, nowMs)
    if (full !== undefined) return this.refused(full)
    charge(charges, this.#clock, nowMs)
    return { admitted: true, window: tightestOf(charges, this.#clock, nowMs) }
  }

  /** A call with all that it is charged to. */
  call (plan: Plan, server: ServerName, charges: Charges, request: CallRequest, nowMs: number): LocalCallGrant | Promise<LocalCallGrant> {
    const full = fullOf(charges, this.#clock, nowMs)
    if (full !== undefined) return this.refused(full)
    const places = plan.places(server)
    const held = takeSlots(places, 0)
    if (held === places.slots.length) return this.#grant(places, charges, nowMs)
    return this.#waitOrShed(places, charges, held, request, nowMs)
  }

  /** The slots of a call that is counted somewhere else. */
  slots (plan: Plan, server: ServerName, request: CallRequest, nowMs: number): LocalCallGrant | Promise<LocalCallGrant> {
    return this.call(plan, server, UNCHARGED, request, nowMs)
  }

  /** All slots are held. */
  #grant (places: Places, charges: Charges, nowMs: number): LocalGrant {
    charge(charges, this.#clock, nowMs)
    return new LocalGrant(places, tightestOf(charges, this.#clock, nowMs), this.#clock, nowMs)
  }

  /** Not all slots are free. A call that could not be served in time is refused now, while its caller can still do something else. */
  #waitOrShed (places: Places, charges: Charges, held: number, request: CallRequest, nowMs: number): LocalCallGrant | Promise<LocalCallGrant> {
    const expectedMs = expectedWaitOf(places, held)
    const isLate = expectedMs > 0 && nowMs + expectedMs > request.deadlineMs
    const hasRoom = places.user.waiting < MAX_WAITING_PER_USER && places.tenant.waiting < MAX_WAITING_PER_TENANT
    if (hasRoom && !isLate) return this.#wait(places, charges, held, request, nowMs)
    giveSlots(places, held)
    if (isLate) this.#events.waited(0, 'shed')
    return this.refused(slotRefusal(places, held, expectedMs))
  }

  #wait (places: Places, charges: Charges, held: number, { deadlineMs, signal }: CallRequest, startMs: number): Promise<LocalCallGrant> {
    reserve(charges, this.#clock)
    return new Promise((resolve) => {
      this.#queue.enter({
        places,
        held,
        deadlineMs,
        signal,
        settled: (outcome, heldBefore) => {
          const nowMs = this.#clock.nowMs()
          unreserve(charges, this.#clock)
          this.#events.waited(nowMs - startMs, outcome)
          if (outcome === 'granted') return resolve(this.#grant(places, charges, nowMs))
          const refusal = slotRefusal(places, heldBefore, expectedWaitOf(places, 0))
          resolve(outcome === 'aborted' ? { admitted: false, refusal } : this.refused(refusal))
        }
      })
    })
  }
}
