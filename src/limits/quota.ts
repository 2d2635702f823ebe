import type { Principal } from '../shared/principal.ts'
import type { LimitSettings } from '../shared/settings/limits.ts'
import type { TenantSettings } from '../shared/settings/tenant.ts'
import { periodEndMs } from './calendar.ts'
import { CalendarCounts } from './calendar-counts.ts'
import { partOf } from './meter.ts'
import type { LimitName, LimitRefusal, WindowState } from './types.ts'

/** A count by the calendar with the limit that this caller has on it. */
export interface Quota {
  readonly name: LimitName
  /** Whose: a user; empty = the tenant's own. */
  readonly subject: string
  /** Calls in one period over all replicas. */
  readonly whole: number
  /** Calls that this process admits when it decides alone. */
  readonly limit: number
  /** Where it is counted here, and under which key. */
  readonly counts: CalendarCounts
  readonly key: string
}

/** The counts of one process. */
export interface QuotaBook {
  /** The quotas of a principal's calls; mostly none. */
  of (principal: Principal, user: Bounds, tenant: Bounds, replicas: number): readonly Quota[]
}

/** Closed set: metric label `quota`. */
export type QuotaName = 'user_calls_day' | 'user_calls_month' | 'tenant_calls_day' | 'tenant_calls_month'

const QUOTAS: ReadonlySet<LimitName> = new Set<QuotaName>(['user_calls_day', 'user_calls_month', 'tenant_calls_day', 'tenant_calls_month'])

type Bounds = Pick<LimitSettings & TenantSettings['limits'], 'callsPerDay' | 'callsPerMonth'>

/** Makes an empty book. */
export function createQuotaBook (): QuotaBook {
  const users = [new CalendarCounts('day'), new CalendarCounts('month')] as const
  const tenants = [new CalendarCounts('day'), new CalendarCounts('month')] as const
  return {
    of (principal, user, tenant, replicas) {
      const quota = (name: LimitName, whole: number | undefined, counts: CalendarCounts, key: string, subject: string): Quota[] =>
        whole === undefined ? [] : [{ name, subject, whole, limit: partOf(whole, replicas), counts, key }]
      return [
        ...quota('user_calls_day', user.callsPerDay, users[0], principal.userKey, principal.user),
        ...quota('user_calls_month', user.callsPerMonth, users[1], principal.userKey, principal.user),
        ...quota('tenant_calls_day', tenant.callsPerDay, tenants[0], principal.tenant, ''),
        ...quota('tenant_calls_month', tenant.callsPerMonth, tenants[1], principal.tenant, '')
      ]
    }
  }
}

/** The used-up quota that lasts longest. `undefined` = there is some left of all. */
export function usedUp (quotas: readonly Quota[], wallMs: number): Quota | undefined {
  let found: Quota | undefined
  for (const quota of quotas) {
    if (quota.counts.of(quota.key, wallMs) < quota.limit) continue
    if (found === undefined || periodEndMs(quota.counts.period, wallMs) > periodEndMs(found.counts.period, wallMs)) found = quota
  }
  return found
}

/** Counts one call, or takes one back that was not let in after all. */
export function countCall (quotas: readonly Quota[], wallMs: number, count: 1 | -1): void {
  for (const { counts, key } of quotas) counts.add(key, wallMs, count)
}

/** What is left of a quota, for the RateLimit headers. */
export function quotaState ({ limit, counts, key }: Quota, wallMs: number): WindowState {
  const resetS = Math.max(1, Math.ceil((periodEndMs(counts.period, wallMs) - wallMs) / 1000))
  return { limit, remaining: Math.max(0, limit - counts.of(key, wallMs)), resetS }
}

/** The refusal of a used-up quota: to be tried again in the next period. */
export function quotaRefusal (quota: Quota, wallMs: number): LimitRefusal {
  const window = quotaState(quota, wallMs)
  return { name: quota.name, code: 'GW_LIMIT_RATE', window, retryAfterS: window.resetS }
}

/** Is the limit one of the calendar? */
export function isQuota (limit: LimitName): limit is QuotaName {
  return QUOTAS.has(limit)
}
