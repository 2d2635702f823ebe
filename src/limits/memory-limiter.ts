import type { Clock } from '../shared/clock.ts'
import type { LimitSettings, Settings } from '../shared/settings.ts'
import { chargeAll, fullMeter, rateRefusal, reserveAll, tightest, unreserveAll } from './meter.ts'
import { createPlans } from './plans.ts'
import type { Meters, Plan } from './plans.ts'
import { createSlotQueue } from './slot-queue.ts'
import { giveSlot, takeSlot } from './slots.ts'
import type { CallGrant, LimitDecision, LimitEvents, Limiter, LimitName, LimitRefusal } from './types.ts'

/**
 * Waiting calls hold their request in memory, so lines are short: enough for a batch of 50 from each of ten sessions of
 * one user, and for eight such users in one tenant. Beyond it a call is refused at once.
 */
const MAX_WAITING_PER_USER = 512
const MAX_WAITING_PER_TENANT = 4096

/** When a slot comes free cannot be known; a second is the shortest Retry-After there is. */
const SLOT_RETRY_S = 1

/** What {@link createMemoryLimiter} needs besides settings. */
export interface MemoryLimiterParts {
  readonly clock: Clock
  readonly events?: LimitEvents
}

type CallRequest = { readonly deadlineMs: number, readonly signal: AbortSignal | undefined }

const NO_EVENTS: LimitEvents = { refused () {}, waited () {} }

/**
 * Makes the limiter of one process: exact windows and slots in memory. It answers synchronously unless a call has to
 * wait for a slot, and it never rejects; a call whose signal aborted while it waited gets a refusal nobody counts.
 */
export function createMemoryLimiter (settings: LimitSettings, tenants: Settings['tenants'], servers: Settings['servers'], { clock, events = NO_EVENTS }: MemoryLimiterParts): Limiter {
  const plans = createPlans(settings, tenants, servers)
  const queue = createSlotQueue(clock)

  function refused (refusal: LimitRefusal): { readonly admitted: false, readonly refusal: LimitRefusal } {
    events.refused(refusal.name)
    return { admitted: false, refusal }
  }

  function decide (meters: Meters, nowMs: number): LimitDecision {
    const full = fullMeter(meters, nowMs)
    if (full !== undefined) return refused(rateRefusal(full, nowMs))
    chargeAll(meters, nowMs)
    return { admitted: true, window: tightest(meters, nowMs) }
  }

  /** Both slots are held. */
  function grant (plan: Plan, meters: Meters, nowMs: number): CallGrant {
    chargeAll(meters, nowMs)
    let held = true
    return {
      admitted: true,
      window: tightest(meters, nowMs),
      release () {
        if (!held) return
        held = false
        giveSlot(plan.tenant.slots)
        giveSlot(plan.user.slots)
      }
    }
  }

  function wait (plan: Plan, meters: Meters, holdsUserSlot: boolean, { deadlineMs, signal }: CallRequest, startMs: number): Promise<CallGrant> {
    reserveAll(meters)
    return new Promise((resolve) => {
      queue.enter({
        user: plan.user,
        tenant: plan.tenant,
        holdsUserSlot,
        deadlineMs,
        signal,
        settled (outcome, scarce) {
          const nowMs = clock.nowMs()
          unreserveAll(meters)
          events.waited(nowMs - startMs, outcome)
          if (outcome === 'granted') return resolve(grant(plan, meters, nowMs))
          const refusal = slotRefusal(plan, scarce)
          resolve(outcome === 'aborted' ? { admitted: false, refusal } : refused(refusal))
        }
      })
    })
  }

  return {
    call (principal, server, tool, deadlineMs, signal) {
      const nowMs = clock.nowMs()
      const plan = plans.of(principal, nowMs)
      const meters = plan.calls(server, tool)
      const full = fullMeter(meters, nowMs)
      if (full !== undefined) return refused(rateRefusal(full, nowMs))
      const holdsUserSlot = takeSlot(plan.user.slots)
      if (holdsUserSlot && takeSlot(plan.tenant.slots)) return grant(plan, meters, nowMs)
      if (plan.user.waiting < MAX_WAITING_PER_USER && plan.tenant.waiting < MAX_WAITING_PER_TENANT) {
        return wait(plan, meters, holdsUserSlot, { deadlineMs, signal }, nowMs)
      }
      if (holdsUserSlot) giveSlot(plan.user.slots)
      return refused(slotRefusal(plan, holdsUserSlot ? 'tenant' : 'user'))
    },
    request (principal) {
      const nowMs = clock.nowMs()
      return decide(plans.of(principal, nowMs).requests, nowMs)
    },
    initialize (principal) {
      const nowMs = clock.nowMs()
      return decide(plans.of(principal, nowMs).initializes, nowMs)
    },
    close () {
      queue.close()
    }
  }
}

function slotRefusal (plan: Plan, scarce: 'user' | 'tenant'): LimitRefusal {
  const name: LimitName = scarce === 'user' ? 'user_concurrency' : 'tenant_concurrency'
  const window = { limit: plan[scarce].slots.limit, remaining: 0, resetS: SLOT_RETRY_S }
  return { name, code: 'GW_LIMIT_CONCURRENCY', window, retryAfterS: SLOT_RETRY_S }
}
