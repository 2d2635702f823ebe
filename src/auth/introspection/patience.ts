import type { Clock } from '../../shared/clock.ts'

/** After the first failure; doubled with each further one, up to the longest. */
export const FIRST_PAUSE_MS = 1_000
export const LONGEST_PAUSE_MS = 15_000

/** Whether somebody who failed is asked again yet. */
export interface Patience {
  /** Not yet: it failed a moment ago. */
  readonly isOut: boolean
  lose (): void
  restore (): void
}

/** Callers of a server that is down learn it at once, all but one now and then. */
export function createPatience (clock: Clock): Patience {
  let failures = 0
  let notBeforeMs = -Infinity
  return {
    get isOut () { return clock.nowMs() < notBeforeMs },
    lose () {
      // Those who asked together have failed once.
      if (clock.nowMs() < notBeforeMs) return
      notBeforeMs = clock.nowMs() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures)
      failures++
    },
    restore () {
      failures = 0
      notBeforeMs = -Infinity
    }
  }
}
