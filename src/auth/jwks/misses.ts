import type { Clock } from '../../shared/clock.ts'

/** Key ids that a fresh key set did not have. They are not worth another fetch for a while. */
export interface Misses {
  has (kid: string | undefined, alg: string): boolean
  add (kid: string | undefined, alg: string): void
}

/** Twice the cool-down: a client with an outdated token costs a fetch a minute at most. A key that appears is found all the same. */
const MISS_MS = 60_000
/** Key ids are the callers' to invent; the oldest makes room (T07). At 256 characters each, 128 KB. */
const MAX_MISSES = 256

/** Makes an empty memory of misses. */
export function createMisses (clock: Clock): Misses {
  const untilMs = new Map<string, number>()
  const key = (kid: string | undefined, alg: string): string => `${alg} ${kid ?? ''}`
  return {
    has: (kid, alg) => (untilMs.get(key(kid, alg)) ?? 0) > clock.nowMs(),
    add (kid, alg) {
      if (untilMs.size >= MAX_MISSES) {
        const [oldest] = untilMs.keys()
        if (oldest !== undefined) untilMs.delete(oldest)
      }
      untilMs.set(key(kid, alg), clock.nowMs() + MISS_MS)
    }
  }
}
