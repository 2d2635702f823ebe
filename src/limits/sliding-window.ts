/** Length of every window: limits are written per minute (rulings 3). */
export const WINDOW_MS = 60_000

/** Most windows stay nearly empty, so the ring begins small and doubles, to less than twice the limit at most. */
const FIRST_SLOTS = 8

/**
 * The admissions of the last minute, exactly: a ring of their times. Not buckets and not a weighted pair of counters,
 * because both admit more than N in some 60 s (rulings 3). Memory is bounded by the limit; recording allocates only
 * when the ring doubles. A plain record and functions: there is one per user and kind.
 */
export interface SlidingWindow {
  times: Float64Array
  /** Index of the oldest time. */
  first: number
  count: number
  /** Places promised to calls that wait for a concurrency slot: taken, but without a time yet. */
  reserved: number
}

/** Makes an empty window. */
export function createWindow (): SlidingWindow {
  return { times: new Float64Array(FIRST_SLOTS), first: 0, count: 0, reserved: 0 }
}

/**
 * Forgets what is a minute old and tells how many places are taken. An admission at t counts until just before
 * t + 60 s. Amortised O(1): each admission is forgotten once.
 */
export function placesTaken (window: SlidingWindow, nowMs: number): number {
  const { times } = window
  while (window.count > 0 && (times[window.first] ?? 0) + WINDOW_MS <= nowMs) {
    window.first = window.first + 1 === times.length ? 0 : window.first + 1
    window.count--
  }
  return window.count + window.reserved
}

/** Records one admission at `nowMs`, which must not be before the last one recorded. */
export function record (window: SlidingWindow, nowMs: number): void {
  if (window.count === window.times.length) grow(window)
  const index = window.first + window.count
  window.times[index < window.times.length ? index : index - window.times.length] = nowMs
  window.count++
}

/**
 * When the first place below `limit` comes free, in monotonic ms, if nothing else is admitted. Places that are only
 * promised have no time yet: when it hangs on them, a whole window is the honest upper bound.
 */
export function freesAtMs (window: SlidingWindow, limit: number, nowMs: number): number {
  const surplus = Math.max(0, window.count + window.reserved - limit)
  if (limit === 0 || surplus >= window.count) return nowMs + WINDOW_MS
  const index = window.first + surplus
  return (window.times[index < window.times.length ? index : index - window.times.length] ?? nowMs) + WINDOW_MS
}

function grow (window: SlidingWindow): void {
  const { times, first } = window
  const wider = new Float64Array(times.length * 2)
  wider.set(times.subarray(first), 0)
  wider.set(times.subarray(0, first), times.length - first)
  window.times = wider
  window.first = 0
}
