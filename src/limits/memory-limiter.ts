import type { Clock } from '../shared/clock.ts'
import type { LimitSettings, Settings } from '../shared/settings.ts'
import { chargeAll, fullMeter, rateRefusal, reserveAll, tightest, unreserveAll } from './meter.ts'
import { createPlans } from './plans.ts'
import type { Meters } from './plans.ts'
import { createSlotQueue, expectedWaitOf, giveSlots, takeSlots } from './slot-queue.ts'
import { noteHeld } from './slots.ts'
import { lackedBy, stageAt } from './stages.ts'
import type { Places } from './stages.ts'
import type { CallGrant, LimitDecision, LimitEvents, LimitRefusal, LocalLimiter, WindowState } from './types.ts'

/**
 * Waiting calls hold their request in memory, so lines are short: enough for a batch of 50 from each of ten sessions of
 * one user, and for eight such users in one tenant. Beyond it a call is refused at once.
 */
const MAX_WAITING_PER_USER = 512
const MAX_WAITING_PER_TENANT = 4096

/** Bounds of Retry-After while slots are missing. Expected waits are good guesses for minutes at most. */
const MIN_RETRY_S = 1
const MAX_RETRY_S = 60

/** What {@link createMemoryLimiter} needs besides settings. */
export interface MemoryLimiterParts {
  readonly clock: Clock
  readonly events?: LimitEvents
  /** Asked at each initialize: is there no memory for another session (FR37)? Default: there is. */
  readonly noSessions?: () => boolean
}

/** Sessions end by the minute, not by the second. */
const NO_MEMORY: LimitRefusal = { name: 'memory', code: 'GW_LIMIT_IN_FLIGHT', window: { limit: 0, remaining: 0, resetS: 10 }, retryAfterS: 10 }

type CallRequest = { readonly deadlineMs: number, readonly signal: AbortSignal | undefined }

const NO_EVENTS: LimitEvents = { refused () {}, waited () {} }

/**
 * Makes the limiter of one process: exact windows and slots in memory. It answers synchronously unless a call has to
 * wait for a slot, and it never rejects; a call whose signal aborted while it waited gets a refusal nobody counts.
 */
export function createMemoryLimiter (settings: LimitSettings, tenants: Settings['tenants'], servers: Settings['servers'], { clock, events = NO_EVENTS, noSessions = () => false }: MemoryLimiterParts): LocalLimiter {
  const plans = createPlans({ limits: settings, servers, ...(tenants === undefined ? {} : { tenants }) })
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

  /** All slots are held. */
  function grant (places: Places, meters: Meters, nowMs: number): CallGrant {
    chargeAll(meters, nowMs)
    return new Grant(places, tightest(meters, nowMs), clock, nowMs)
  }

  function wait (places: Places, meters: Meters, held: number, { deadlineMs, signal }: CallRequest, startMs: number): Promise<CallGrant> {
    reserveAll(meters)
    return new Promise((resolve) => {
      queue.enter({
        places,
        held,
        deadlineMs,
        signal,
        settled (outcome, heldBefore) {
          const nowMs = clock.nowMs()
          unreserveAll(meters)
          events.waited(nowMs - startMs, outcome)
          if (outcome === 'granted') return resolve(grant(places, meters, nowMs))
          const refusal = slotRefusal(places, heldBefore, expectedWaitOf(places, 0))
          resolve(outcome === 'aborted' ? { admitted: false, refusal } : refused(refusal))
        }
      })
    })
  }

  /** Not all slots are free. A call that could not be served in time is refused now, while its caller can still do something else. */
  function waitOrShed (places: Places, meters: Meters, held: number, request: CallRequest, nowMs: number): CallGrant | Promise<CallGrant> {
    const expectedMs = expectedWaitOf(places, held)
    const isLate = expectedMs > 0 && nowMs + expectedMs > request.deadlineMs
    const hasRoom = places.user.waiting < MAX_WAITING_PER_USER && places.tenant.waiting < MAX_WAITING_PER_TENANT
    if (hasRoom && !isLate) return wait(places, meters, held, request, nowMs)
    giveSlots(places, held)
    if (isLate) events.waited(0, 'shed')
    return refused(slotRefusal(places, held, expectedMs))
  }

  return {
    call (principal, server, tool, deadlineMs, signal) {
      const nowMs = clock.nowMs()
      const plan = plans.of(principal, nowMs)
      const meters = plan.calls(server, tool)
      const full = fullMeter(meters, nowMs)
      if (full !== undefined) return refused(rateRefusal(full, nowMs))
      const places = plan.places(server)
      const held = takeSlots(places, 0)
      if (held === places.slots.length) return grant(places, meters, nowMs)
      return waitOrShed(places, meters, held, { deadlineMs, signal }, nowMs)
    },
    request (principal) {
      const nowMs = clock.nowMs()
      return decide(plans.of(principal, nowMs).requests, nowMs)
    },
    initialize (principal) {
      if (noSessions()) return refused(NO_MEMORY)
      const nowMs = clock.nowMs()
      return decide(plans.of(principal, nowMs).initializes, nowMs)
    },
    configure: (snapshot) => { plans.configure(snapshot) },
    close () {
      queue.close()
    }
  }
}

class Grant {
  readonly admitted = true
  readonly window: WindowState
  readonly #clock: Clock
  readonly #sinceMs: number
  /** Undefined: they were given back. */
  #places: Places | undefined

  constructor (places: Places, window: WindowState, clock: Clock, sinceMs: number) {
    this.window = window
    this.#places = places
    this.#clock = clock
    this.#sinceMs = sinceMs
  }

  release (): void {
    const places = this.#places
    if (places === undefined) return
    this.#places = undefined
    const heldMs = this.#clock.nowMs() - this.#sinceMs
    for (const slots of places.slots) noteHeld(slots, heldMs)
    giveSlots(places, places.slots.length)
  }
}

function slotRefusal (places: Places, held: number, expectedMs: number): LimitRefusal {
  const scarce = stageAt(places, held)
  const retryAfterS = Math.min(MAX_RETRY_S, Math.max(MIN_RETRY_S, Math.ceil(expectedMs / 1000)))
  const isOwn = scarce === 'user' || scarce === 'tenant'
  const window = { limit: lackedBy(places, held).limit, remaining: 0, resetS: retryAfterS }
  return { name: `${scarce}_concurrency`, code: isOwn ? 'GW_LIMIT_CONCURRENCY' : 'GW_LIMIT_IN_FLIGHT', window, retryAfterS }
}
