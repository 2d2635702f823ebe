import type { FairFlow, FairWaiter } from '../shared/fair-line.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Charges } from './charges.ts'
import type { LocalCallGrant, LocalGrant } from './local-grant.ts'
import type { CallRequest } from './local-limits.ts'
import { NOT_COUNTED } from './refusals.ts'
import type { Asker, SharedCounter, SharedVerdict, Turn } from './shared-counts.ts'
import type { SharedHolder } from './shared-holder.ts'
import type { ParkedCall, SharedLine } from './shared-line.ts'
import type { SharedPlan } from './shared-plans.ts'
import type { CallGrant, LimitRefusal, WindowState } from './types.ts'

/** What a call asks of its limiter. */
export interface CallDesk {
  readonly isAway: boolean
  nowMs (): number
  /** Slots of this process: a question takes them, and gives them back unless the answer is yes. */
  slots (call: SharedCall): LocalCallGrant | Promise<LocalCallGrant>
  /** Nobody else answers: decided here, with the slots that it has already, if it has any. */
  locally (call: SharedCall, slots: LocalGrant | undefined): LocalCallGrant | Promise<LocalCallGrant>
  windowOf (call: SharedCall, place: number, left: number, resetS: number): WindowState
  refusedByWindow (call: SharedCall, place: number, resetS: number): LimitRefusal
  refusedBySlots (call: SharedCall, place: number): LimitRefusal
  /** There is room in line, and the wait is not known to be too long. */
  mayWait (call: SharedCall, place: number): boolean
  watch (line: SharedLine): void
  /** Somebody of theirs is let in, or may be counted: what they hold is asserted from now on. */
  keep (holder: SharedHolder): void
  waited (waitedMs: number, outcome: 'granted' | Ending): void
  /** How long the turn of a call that waits is kept, in milliseconds. */
  readonly keptMs: number
}

/** How a wait ended in vain. */
export type Ending = 'deadline' | 'aborted' | 'closed'

/** setTimeout takes 32 bits; a later deadline is no deadline (24 days). */
const MAX_TIMER_MS = 2_147_483_647

/**
 * One call whose limits all replicas count: its question, its wait when another replica holds the slots, and then its grant. It
 * takes the slots of this process first, so that what waits here waits in the lines of this process, and has nothing while it
 * waits for another.
 */
export class SharedCall implements Asker, ParkedCall, Turn, CallRequest {
  readonly admitted = true
  readonly promise: Promise<CallGrant>
  readonly shared: SharedPlan
  readonly server: ServerName
  readonly charges: Charges
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
  window: WindowState = { limit: 0, remaining: 0, resetS: 1 }
  flow: FairFlow | undefined
  before: FairWaiter | undefined
  behind: FairWaiter | undefined
  readonly #desk: CallDesk
  readonly #counter: SharedCounter
  #resolve: (grant: CallGrant) => void = () => {}
  /** Held while a question is under way, and by a call that was let in. */
  #slots: LocalGrant | undefined
  #line: SharedLine | undefined
  #parkedAtMs = NaN
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor (desk: CallDesk, shared: SharedPlan, server: ServerName, charges: Charges, { deadlineMs, signal }: CallRequest) {
    this.#desk = desk
    this.shared = shared
    this.server = server
    this.charges = charges
    this.deadlineMs = deadlineMs
    this.signal = signal
    this.#counter = shared.callCounter(charges)
    this.promise = new Promise((resolve) => { this.#resolve = resolve })
  }

  get waitedMs (): number { return this.#desk.nowMs() - this.#parkedAtMs }
  get keptMs (): number { return this.#desk.keptMs }

  begin (): void {
    const { user, tenant } = this.shared
    if (user.line.isBlocked) this.#park(0)
    else if (tenant?.line.isBlocked === true) this.#park(1)
    else this.tryAgain()
  }

  tryAgain (): void {
    if (this.#desk.isAway) return this.#decideHere()
    const slots = this.#desk.slots(this)
    if (slots instanceof Promise) slots.then(this.#haveSlots, () => { this.#refuse(NOT_COUNTED) })
    else this.#haveSlots(slots)
  }

  decided (verdict: SharedVerdict, place: number, left: number, resetS: number): void {
    const slots = this.#takeSlots()
    if (slots === undefined) return
    if (verdict === 'admitted' && !this.#isOver) return this.#admit(slots, this.#desk.windowOf(this, place, left, resetS))
    slots.giveBack()
    if (this.#isOver) {
      if (verdict === 'admitted') this.#counter.release()
    } else if (verdict === 'full') this.#refuse(this.#desk.refusedByWindow(this, place, resetS))
    else this.#park(place)
  }

  undecided (): void {
    const slots = this.#takeSlots()
    if (slots === undefined) return
    // It may have been counted all the same.
    this.#keep()
    if (this.#isOver) return slots.giveBack()
    const decision = this.#desk.locally(this, slots)
    if (!(decision instanceof Promise)) this.#settle(decision)
  }

  /** The call has ended. */
  release (): void {
    const slots = this.#takeSlots()
    if (slots === undefined) return
    const { user, tenant } = this.shared
    slots.release()
    user.held--
    if (tenant !== undefined) tenant.held--
    if (!this.#desk.isAway) this.#counter.release()
    user.line.wake()
    tenant?.line.wake()
  }

  #decideHere (): void {
    const decision = this.#desk.locally(this, undefined)
    if (!(decision instanceof Promise)) return this.#settle(decision)
    // It stands in the lines of this process now, which know its deadline.
    this.#leave()
    decision.then((late) => { this.#settle(late) }, () => {})
  }

  readonly #haveSlots = (slots: LocalCallGrant): void => {
    if (this.#isOver) {
      if (slots.admitted) slots.giveBack()
    } else if (slots.admitted) {
      this.#slots = slots
      this.#counter.ask(this, this.#line === undefined ? undefined : this)
    } else this.#refuse(slots.refusal)
  }

  #takeSlots (): LocalGrant | undefined {
    const slots = this.#slots
    this.#slots = undefined
    return slots
  }

  #settle (decision: LocalCallGrant): void {
    if (!decision.admitted) this.#refuse(decision.refusal)
    else if (this.#isOver) decision.giveBack()
    else this.#admit(decision, decision.window)
  }

  #admit (slots: LocalGrant, window: WindowState): void {
    const { user, tenant } = this.shared
    this.#slots = slots
    this.window = window
    user.held++
    if (tenant !== undefined) tenant.held++
    this.#keep()
    if (this.#line !== undefined) this.#desk.waited(this.waitedMs, 'granted')
    this.#end(this)
  }

  #keep (): void {
    const { user, tenant } = this.shared
    this.#desk.keep(user)
    if (tenant !== undefined) this.#desk.keep(tenant)
  }

  #refuse (refusal: LimitRefusal): void {
    this.#end({ admitted: false, refusal })
  }

  #end (grant: CallGrant): void {
    if (this.#isOver) return
    this.#leave()
    this.#isOver = true
    this.#resolve(grant)
  }

  /** Waits for slots of its user (0) or tenant (1), at the end of their line unless it is first already. */
  #park (place: number): void {
    const { user, tenant } = this.shared
    const holder = place === 0 || tenant === undefined ? user : tenant
    if (this.#line === holder.line) return holder.line.asked()
    if (!this.#desk.mayWait(this, place)) return this.#refuse(this.#desk.refusedBySlots(this, place))
    if (this.#line === undefined) this.#beginWait()
    else this.#leaveLine()
    this.#line = holder.line
    holder.line.join(this, holder === user ? holder.line.flow : user.flowIn(holder))
    this.#desk.watch(holder.line)
  }

  #beginWait (): void {
    const { user, tenant } = this.shared
    this.#parkedAtMs = this.#desk.nowMs()
    user.waiting++
    if (tenant !== undefined) tenant.waiting++
    this.signal?.addEventListener('abort', this.#onAbort, { once: true })
    const leftMs = this.deadlineMs - this.#parkedAtMs
    if (leftMs <= MAX_TIMER_MS) this.#timer = setTimeout(() => { this.giveUp('deadline') }, Math.max(0, leftMs))
  }

  giveUp (ending: Ending): void {
    if (this.#isOver) return
    this.#desk.waited(this.waitedMs, ending)
    this.#refuse(this.#desk.refusedBySlots(this, this.#line === this.shared.user.line ? 0 : 1))
  }

  /** Waits no longer; the next in line may have better luck. */
  #leave (): void {
    if (this.#line === undefined) return
    const { user, tenant } = this.shared
    user.waiting--
    if (tenant !== undefined) tenant.waiting--
    clearTimeout(this.#timer)
    this.signal?.removeEventListener('abort', this.#onAbort)
    this.#leaveLine()
  }

  #leaveLine (): void {
    const line = this.#line
    this.#line = undefined
    line?.leave(this)
    line?.wake()
  }

  readonly #onAbort = (): void => { this.giveUp('aborted') }
}
