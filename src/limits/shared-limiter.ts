import type { Clock } from '../shared/clock.ts'
import type { Principal } from '../shared/principal.ts'
import type { Charges } from './charges.ts'
import type { LocalCallGrant, LocalGrant } from './local-grant.ts'
import { LocalLimits, MAX_WAITING_PER_TENANT, MAX_WAITING_PER_USER } from './local-limits.ts'
import type { MemoryLimiterParts } from './memory-limiter.ts'
import type { LimitedSettings } from './plans.ts'
import { NO_MEMORY, NOT_COUNTED, retryAfterS } from './refusals.ts'
import { SharedCall } from './shared-call.ts'
import type { CallDesk, Ending } from './shared-call.ts'
import type { SharedCounts } from './shared-counts.ts'
import type { SharedHolder } from './shared-holder.ts'
import type { SharedLine } from './shared-line.ts'
import { SharedLines } from './shared-lines.ts'
import { createSharedPlans } from './shared-plans.ts'
import type { SharedPlan, SharedPlans } from './shared-plans.ts'
import { SharedRequest } from './shared-request.ts'
import type { CallGrant, LimitDecision, LimitEvents, Limiter, LimitRefusal, WindowState } from './types.ts'

/** What {@link createSharedLimiter} needs besides settings. */
export interface SharedLimiterParts extends MemoryLimiterParts {
  readonly counts: SharedCounts
  /** How many replicas are alive, this one included: they share what each may admit while nobody counts for all. */
  readonly replicas: () => number
  /** What happens then: `local` = windows of this replica's share, `refuse` = nothing is let in. */
  readonly whenAway: 'local' | 'refuse'
}

/**
 * Makes the limiter of one replica among several: windows, quotas and slots of users, keys, tools and tenants are counted by all
 * together, slots of servers and of the gateway by this process. Decisions are promises; they never reject. While nobody counts
 * for all, this process admits its share, at once.
 */
export function createSharedLimiter (snapshot: LimitedSettings, parts: SharedLimiterParts): Limiter {
  return new SharedLimiter(snapshot, parts)
}

const NO_EVENTS: LimitEvents = { refused () {}, waited () {} }

class SharedLimiter implements Limiter, CallDesk {
  readonly #local: LocalLimits
  readonly #plans: SharedPlans
  readonly #lines = new SharedLines()
  readonly #counts: SharedCounts
  readonly #clock: Clock
  readonly #events: LimitEvents
  readonly #parts: SharedLimiterParts
  readonly #unlisten: () => void
  readonly #timer: NodeJS.Timeout
  #kept: SharedHolder[] = []

  constructor (snapshot: LimitedSettings, parts: SharedLimiterParts) {
    const { clock, counts, events = NO_EVENTS } = parts
    this.#parts = parts
    this.#counts = counts
    this.#clock = clock
    this.#events = events
    this.#local = new LocalLimits(snapshot, clock, events)
    this.#plans = createSharedPlans(counts)
    this.#unlisten = counts.onChange(this.#look)
    this.#timer = setInterval(this.#look, counts.assertEveryMs).unref()
    this.#divide()
  }

  get isAway (): boolean { return this.#counts.isAway }
  get keptMs (): number { return this.#lines.keptMs }
  nowMs (): number { return this.#clock.nowMs() }

  call (principal: Principal, server: SharedCall['server'], tool: string | undefined, deadlineMs: number, signal?: AbortSignal): Promise<CallGrant> {
    const nowMs = this.#clock.nowMs()
    const plan = this.#local.plan(principal, nowMs)
    const call = new SharedCall(this, this.#plans.of(principal, plan, nowMs), server, plan.calls(server, tool), { deadlineMs, signal })
    call.begin()
    return call.promise
  }

  request (principal: Principal): LimitDecision | Promise<LimitDecision> {
    const nowMs = this.#clock.nowMs()
    const plan = this.#local.plan(principal, nowMs)
    return this.#decide(this.#plans.of(principal, plan, nowMs), plan.requests)
  }

  initialize (principal: Principal): LimitDecision | Promise<LimitDecision> {
    if (this.#parts.noSessions?.() === true) return this.#local.refused(NO_MEMORY)
    const nowMs = this.#clock.nowMs()
    const plan = this.#local.plan(principal, nowMs)
    return this.#decide(this.#plans.of(principal, plan, nowMs), plan.initializes)
  }

  configure (snapshot: LimitedSettings): void { this.#local.configure(snapshot) }

  close (): void {
    clearInterval(this.#timer)
    this.#unlisten()
    this.#lines.close()
    this.#local.close()
  }

  slots (call: SharedCall): LocalCallGrant | Promise<LocalCallGrant> {
    return this.#local.slots(call.shared.plan, call.server, call, this.#clock.nowMs())
  }

  locally (call: SharedCall, slots: LocalGrant | undefined): LocalCallGrant | Promise<LocalCallGrant> {
    this.#events.decided?.('process')
    if (slots !== undefined) this.#events.unanswered?.()
    const nowMs = this.#clock.nowMs()
    if (this.#parts.whenAway === 'refuse') {
      slots?.giveBack()
      return this.#local.refused(NOT_COUNTED)
    }
    if (slots === undefined) return this.#local.call(call.shared.plan, call.server, call.charges, call, nowMs)
    const decision = this.#local.decide(call.charges, nowMs)
    if (decision.admitted) return slots
    slots.giveBack()
    return decision
  }

  windowOf (call: SharedCall, place: number, left: number, resetS: number): WindowState {
    this.#events.decided?.('replicas')
    return windowAt(call.charges, place, left, resetS)
  }

  refusedByWindow (call: SharedCall, place: number, resetS: number): LimitRefusal {
    this.#events.decided?.('replicas')
    return this.#fullWindow(call.charges, place, resetS)
  }

  refusedBySlots (call: SharedCall, place: number): LimitRefusal {
    const isUser = place === 0 || call.shared.tenant === undefined
    const { user, tenant } = call.shared.plan.concurrentCalls
    const seconds = retryAfterS(this.#expectedMs(call, place))
    const name = isUser ? 'user_concurrency' : 'tenant_concurrency'
    if (call.signal?.aborted !== true) this.#events.refused(name)
    return { name, code: 'GW_LIMIT_CONCURRENCY', window: { limit: isUser ? user : tenant, remaining: 0, resetS: seconds }, retryAfterS: seconds }
  }

  mayWait (call: SharedCall, place: number): boolean {
    const { user, tenant } = call.shared
    const nowMs = this.#clock.nowMs()
    if (user.waiting >= MAX_WAITING_PER_USER || (tenant !== undefined && tenant.waiting >= MAX_WAITING_PER_TENANT)) return false
    if (call.deadlineMs <= nowMs || call.signal?.aborted === true) return false
    const isInTime = nowMs + this.#expectedMs(call, place) <= call.deadlineMs
    if (!isInTime) this.#events.waited(0, 'shed')
    return isInTime
  }

  watch (line: SharedLine): void { this.#lines.watch(line) }

  keep (holder: SharedHolder): void {
    if (holder.isKept) return
    holder.isKept = true
    this.#kept.push(holder)
  }

  waited (waitedMs: number, outcome: 'granted' | Ending): void { this.#events.waited(waitedMs, outcome) }

  #decide (shared: SharedPlan, charges: Charges): LimitDecision | Promise<LimitDecision> {
    if (this.#counts.isAway) return this.#decideHere(charges)
    const request = new SharedRequest((isAdmitted, place, left, resetS) => {
      this.#events.decided?.('replicas')
      if (isAdmitted) return { admitted: true, window: windowAt(charges, place, left, resetS) }
      return { admitted: false, refusal: this.#fullWindow(charges, place, resetS) }
    }, () => {
      this.#events.unanswered?.()
      return this.#decideHere(charges)
    })
    shared.counter(charges).ask(request)
    return request.promise
  }

  #decideHere (charges: Charges): LimitDecision {
    this.#events.decided?.('process')
    return this.#parts.whenAway === 'refuse' ? this.#local.refused(NOT_COUNTED) : this.#local.decide(charges, this.#clock.nowMs())
  }

  #fullWindow (charges: Charges, place: number, resetS: number): LimitRefusal {
    const name = (charges.meters[place] ?? charges.quotas[place - charges.meters.length])?.name ?? 'user_calls'
    this.#events.refused(name)
    return { name, code: 'GW_LIMIT_RATE', window: windowAt(charges, place, 0, resetS), retryAfterS: resetS }
  }

  /** What a call has to wait for slots of its user or tenant, by how long calls took here; 0 = not known. */
  #expectedMs ({ shared, server }: SharedCall, place: number): number {
    const { user, tenant, plan } = shared
    const isUser = place === 0 || tenant === undefined
    const heldMs = plan.places(server).slots[isUser ? 0 : 1]?.heldMs ?? NaN
    const turns = (isUser ? user.line.flow : user.flowIn(tenant)).turnsUntilServed()
    const waitMs = turns * heldMs / (isUser ? plan.concurrentCalls.user : plan.concurrentCalls.tenant)
    return Number.isNaN(waitMs) ? 0 : waitMs
  }

  /** Says what is held, so that it stays held, and what was said wrongly is put right. */
  readonly #look = (): void => {
    this.#divide()
    if (this.#counts.isAway) return
    const kept = this.#kept
    this.#kept = kept.filter((holder) => { holder.isKept = holder.held > 0; return holder.isKept })
    for (const { slots } of kept) slots.assert()
  }

  #divide (): void {
    const replicas = Math.max(1, this.#parts.replicas())
    this.#local.divide({ windows: replicas, slots: this.#counts.isAway ? replicas : 1 })
  }
}

function windowAt ({ meters, quotas }: Charges, place: number, left: number, resetS: number): WindowState {
  const limit = (meters[place] ?? quotas[place - meters.length])?.whole ?? 0
  return { limit, remaining: left, resetS }
}
