import { lackedBy, stageAt } from './stages.ts'
import type { Places } from './stages.ts'
import type { LimitRefusal } from './types.ts'

/** Bounds of Retry-After while slots are missing, in seconds. Expected waits are good guesses for minutes at most. */
const MIN_RETRY_S = 1
const MAX_RETRY_S = 60

/** Whole seconds for Retry-After, of what a slot is expected to take. */
export function retryAfterS (expectedMs: number): number {
  return Math.min(MAX_RETRY_S, Math.max(MIN_RETRY_S, Math.ceil(expectedMs / 1000)))
}

/** Sessions end by the minute, not by the second. */
export const NO_MEMORY: LimitRefusal = { name: 'memory', code: 'GW_LIMIT_IN_FLIGHT', window: { limit: 0, remaining: 0, resetS: 10 }, retryAfterS: 10 }

/** Nobody counts, and the operator wants nothing uncounted (`redis.whenAway: refuse`). */
export const NOT_COUNTED: LimitRefusal = { name: 'redis_away', code: 'GW_LIMIT_IN_FLIGHT', window: { limit: 0, remaining: 0, resetS: 1 }, retryAfterS: 1 }

/** The refusal of a call that holds `held` of its slots and gets no more of them in time. */
export function slotRefusal (places: Places, held: number, expectedMs: number): LimitRefusal {
  const scarce = stageAt(places, held)
  const isOwn = scarce === 'user' || scarce === 'tenant' || scarce === 'tenant_server'
  const seconds = retryAfterS(expectedMs)
  const window = { limit: lackedBy(places, held).limit, remaining: 0, resetS: seconds }
  return { name: `${scarce}_concurrency`, code: isOwn ? 'GW_LIMIT_CONCURRENCY' : 'GW_LIMIT_IN_FLIGHT', window, retryAfterS: seconds }
}
