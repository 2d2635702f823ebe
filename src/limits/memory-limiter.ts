import type { Clock } from '../shared/clock.ts'
import type { Settings } from '../shared/settings.ts'
import type { LimitSettings } from '../shared/settings/limits.ts'
import { LocalLimits } from './local-limits.ts'
import { NO_MEMORY } from './refusals.ts'
import type { LimitEvents, LocalLimiter } from './types.ts'

/** What {@link createMemoryLimiter} needs besides settings. */
export interface MemoryLimiterParts {
  readonly clock: Clock
  readonly events?: LimitEvents
  /** Asked at each initialize: is there no memory for another session (FR37)? Default: there is. */
  readonly noSessions?: () => boolean
}

const NO_EVENTS: LimitEvents = { refused () {}, waited () {} }

/**
 * Makes the limiter of one process: exact windows and slots in memory. It answers synchronously unless a call has to
 * wait for a slot, and it never rejects; a call whose signal aborted while it waited gets a refusal nobody counts.
 */
export function createMemoryLimiter (settings: LimitSettings, tenants: Settings['tenants'], servers: Settings['servers'], { clock, events = NO_EVENTS, noSessions = () => false }: MemoryLimiterParts): LocalLimiter {
  const limits = new LocalLimits({ limits: settings, servers, ...(tenants === undefined ? {} : { tenants }) }, clock, events)
  return {
    call (principal, server, tool, deadlineMs, signal) {
      const nowMs = clock.nowMs()
      const plan = limits.plan(principal, nowMs)
      return limits.call(plan, server, plan.calls(server, tool), { deadlineMs, signal }, nowMs)
    },
    request (principal) {
      const nowMs = clock.nowMs()
      return limits.decide(limits.plan(principal, nowMs).requests, nowMs)
    },
    initialize (principal) {
      if (noSessions()) return limits.refused(NO_MEMORY)
      const nowMs = clock.nowMs()
      return limits.decide(limits.plan(principal, nowMs).initializes, nowMs)
    },
    configure: (snapshot) => { limits.configure(snapshot) },
    close: () => { limits.close() }
  }
}
