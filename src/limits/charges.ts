import type { Clock } from '../shared/clock.ts'
import { chargeAll, fullMeter, rateRefusal, reserveAll, tightest, unreserveAll } from './meter.ts'
import type { Meter } from './meter.ts'
import { countCall, quotaRefusal, quotaState, usedUp } from './quota.ts'
import type { Quota } from './quota.ts'
import type { LimitRefusal, WindowState } from './types.ts'

/** What one request is charged to in this process: all of it or nothing. */
export interface Charges {
  readonly meters: readonly Meter[]
  readonly quotas: readonly Quota[]
}

/** Of a call that is counted somewhere else. */
export const UNCHARGED: Charges = { meters: [], quotas: [] }

const NO_WINDOW: WindowState = { limit: 0, remaining: 0, resetS: 1 }

/** Why the request cannot be let in; `undefined` = there is room everywhere. Of several full ones, the one that stays so the longest. */
export function fullOf ({ meters, quotas }: Charges, clock: Clock, nowMs: number): LimitRefusal | undefined {
  const quota = quotas.length === 0 ? undefined : usedUp(quotas, clock.wallMs())
  if (quota !== undefined) return quotaRefusal(quota, clock.wallMs())
  const full = fullMeter(meters, nowMs)
  return full === undefined ? undefined : rateRefusal(full, nowMs)
}

/** Takes a place everywhere. Ask {@link fullOf} first, in the same turn. */
export function charge ({ meters, quotas }: Charges, clock: Clock, nowMs: number): void {
  chargeAll(meters, nowMs)
  if (quotas.length > 0) countCall(quotas, clock.wallMs(), 1)
}

/** Promises a place everywhere to a call that has to wait; {@link unreserve} ends it. */
export function reserve ({ meters, quotas }: Charges, clock: Clock): void {
  reserveAll(meters)
  if (quotas.length > 0) countCall(quotas, clock.wallMs(), 1)
}

export function unreserve ({ meters, quotas }: Charges, clock: Clock): void {
  unreserveAll(meters)
  if (quotas.length > 0) countCall(quotas, clock.wallMs(), -1)
}

/** Where the fewest places are left, for the RateLimit headers. */
export function tightestOf ({ meters, quotas }: Charges, clock: Clock, nowMs: number): WindowState {
  let least = hasAny(meters) ? tightest(meters, nowMs) : NO_WINDOW
  for (const quota of quotas) {
    const state = quotaState(quota, clock.wallMs())
    if (state.remaining < least.remaining) least = state
  }
  return least
}

function hasAny (meters: readonly Meter[]): meters is readonly [Meter, ...Meter[]] {
  return meters.length > 0
}
