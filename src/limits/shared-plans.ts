import type { Principal } from '../shared/principal.ts'
import { createAccounts } from './accounts.ts'
import type { Charges } from './charges.ts'
import type { Plan } from './plans.ts'
import type { SharedCounter, SharedCounterParts, SharedCounts } from './shared-counts.ts'
import { SharedHolder } from './shared-holder.ts'
import { WINDOW_MS } from './sliding-window.ts'

/** What the requests of one principal are counted in by all replicas, found once and kept. */
export interface SharedPlan {
  readonly plan: Plan
  readonly user: SharedHolder
  /** Absent = the tenant has no bound on calls in flight. */
  readonly tenant: SharedHolder | undefined
  /** Of calls, with their slots. */
  callCounter (charges: Charges): SharedCounter
  /** Of everything else. */
  counter (charges: Charges): SharedCounter
}

/** Finds the shared plan that goes with a plan of the process itself. */
export interface SharedPlans {
  of (principal: Principal, plan: Plan, nowMs: number): SharedPlan
}

/** Makes the shared plans. */
export function createSharedPlans (counts: SharedCounts): SharedPlans {
  const users = createAccounts((_key, { tenant, user }: Principal) => new SharedHolder((holder) => counts.slots(tenant, 'user', user, holder)), isIdle)
  const tenants = createAccounts((_key, { tenant }: Principal) => new SharedHolder((holder) => counts.slots(tenant, 'tenant', '', holder)), isIdle)
  const plans = new WeakMap<Plan, SharedPlan>()

  function make (principal: Principal, plan: Plan): SharedPlan {
    const { concurrentCalls } = plan
    const user = users.get(principal.userKey, principal)
    const tenant = concurrentCalls.tenant === Infinity ? undefined : tenants.get(principal.tenant, principal)
    const slots = [
      { slots: user.slots, limit: concurrentCalls.user },
      ...(tenant === undefined ? [] : [{ slots: tenant.slots, limit: concurrentCalls.tenant }])
    ]
    return {
      plan,
      user,
      tenant,
      callCounter: kept((charges) => counts.counter({ ...sharedParts(principal, charges), slots })),
      counter: kept((charges) => counts.counter({ ...sharedParts(principal, charges), slots: [] }))
    }
  }

  return {
    of (principal, plan, nowMs) {
      users.forgetSome(nowMs)
      tenants.forgetSome(nowMs)
      let shared = plans.get(plan)
      if (shared === undefined || shared.user.forgotten || shared.tenant?.forgotten === true) {
        shared = make(principal, plan)
        plans.set(plan, shared)
      }
      shared.user.usedAtMs = nowMs
      if (shared.tenant !== undefined) shared.tenant.usedAtMs = nowMs
      return shared
    }
  }
}

/** A plan gives the same charges for the same thing each time. */
function kept (make: (charges: Charges) => SharedCounter): (charges: Charges) => SharedCounter {
  const made = new WeakMap<Charges, SharedCounter>()
  return (charges) => {
    let counter = made.get(charges)
    if (counter === undefined) made.set(charges, counter = make(charges))
    return counter
  }
}

function sharedParts ({ tenant }: Principal, { meters, quotas }: Charges): Omit<SharedCounterParts, 'slots'> {
  return {
    tenant,
    windows: meters.map(({ name, subject, whole }) => ({ name, subject, limit: whole })),
    quotas: quotas.map(({ name, subject, whole, counts: { period } }) => ({ name, subject, limit: whole, period }))
  }
}

/** Whoever comes back after that finds in Redis what was counted. */
function isIdle (holder: SharedHolder, nowMs: number): boolean {
  return nowMs - holder.usedAtMs >= WINDOW_MS && holder.held === 0 && !holder.isKept && !holder.line.isBlocked
}
