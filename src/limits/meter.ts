import { createWindow, freesAtMs, placesTaken, record } from './sliding-window.ts'
import type { SlidingWindow } from './sliding-window.ts'
import type { LimitName, LimitRefusal, WindowState } from './types.ts'

/**
 * One window with the limit that this caller has on it. A window may be shared by meters of different limits: an API
 * key with its own limit raises the user's for its calls, and still counts in the user's window.
 */
export interface Meter {
  readonly name: LimitName
  /** Whose it is among others of the name and tenant: a user, a key, a tool; empty = the tenant's own. */
  readonly subject: string
  /** Places in 60 s over all replicas. */
  readonly whole: number
  /** Places that this process gives when it decides alone; 0 admits nothing. */
  readonly limit: number
  readonly window: SlidingWindow
}

/** What a meter needs besides its name and number. */
export interface MeterParts {
  readonly subject: string
  /** Absent = a new one. */
  readonly window?: SlidingWindow | undefined
  /** How many replicas share the limit. */
  readonly replicas: number
}

/** Makes a meter. */
export function createMeter (name: LimitName, whole: number, { subject, window = createWindow(), replicas }: MeterParts): Meter {
  return { name, subject, whole, limit: partOf(whole, replicas), window }
}

/** One replica's part of a limit; together they stay within it, but for one each where there are more replicas than places. */
export function partOf (whole: number, replicas: number): number {
  return replicas === 1 || whole === 0 ? whole : Math.max(1, Math.floor(whole / replicas))
}

/** The full meter that stays full the longest, so that Retry-After is true for all of them. `undefined` = room in all. */
export function fullMeter (meters: readonly Meter[], nowMs: number): Meter | undefined {
  let full: Meter | undefined
  let latestMs = -Infinity
  for (const meter of meters) {
    if (placesTaken(meter.window, nowMs) < meter.limit) continue
    const freeMs = freesAtMs(meter.window, meter.limit, nowMs)
    if (freeMs <= latestMs) continue
    full = meter
    latestMs = freeMs
  }
  return full
}

/** Takes a place in every meter at once. Ask {@link fullMeter} first, in the same turn. */
export function chargeAll (meters: readonly Meter[], nowMs: number): void {
  for (const { window } of meters) record(window, nowMs)
}

/**
 * Promises a place in every meter to a call that has to wait. Admissions plus promises never pass the limit, so the
 * call is neither refused after its wait nor charged for a wait that failed (rulings 3: refused calls are not charged).
 */
export function reserveAll (meters: readonly Meter[]): void {
  for (const { window } of meters) window.reserved++
}

/** Gives promised places back. */
export function unreserveAll (meters: readonly Meter[]): void {
  for (const { window } of meters) window.reserved--
}

/** State of one meter for the RateLimit headers. */
export function windowState ({ limit, window }: Meter, nowMs: number): WindowState {
  const remaining = Math.max(0, limit - placesTaken(window, nowMs))
  return { limit, remaining, resetS: Math.max(1, Math.ceil((freesAtMs(window, limit, nowMs) - nowMs) / 1000)) }
}

/** State of the meter with the fewest places left; the first of equals, so order meters from narrow to wide. */
export function tightest (meters: readonly [Meter, ...Meter[]], nowMs: number): WindowState {
  let least = meters[0]
  let fewest = Infinity
  for (const meter of meters) {
    const left = meter.limit - placesTaken(meter.window, nowMs)
    if (left >= fewest) continue
    least = meter
    fewest = left
  }
  return windowState(least, nowMs)
}

/** The refusal that a full meter gives. */
export function rateRefusal (meter: Meter, nowMs: number): LimitRefusal {
  const window = windowState(meter, nowMs)
  return { name: meter.name, code: 'GW_LIMIT_RATE', window, retryAfterS: window.resetS }
}
