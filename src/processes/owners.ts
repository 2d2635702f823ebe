import type { TenantId, UserId } from '../shared/ids.ts'
import type { Settings } from '../shared/settings.ts'

/** Who owns whom, as one process knows it: sessions, workers and windows of a caller live in one process. */
export interface Owners {
  /** Index of the process, from 0; a promise for a caller whom this process has not met, or not for long. */
  ownerOf (caller: Caller): number | Promise<number>
}

type Caller = { readonly tenant: TenantId, readonly user: UserId }

/** More callers are asked for anew; an entry is a short text and a number. */
const MAX_REMEMBERED = 10_000

/** @param claim asks the primary, who owns a key; whoever asks first, mostly, see {@link createOwnerBook} */
export function createOwners (settings: Partial<Pick<Settings, 'tenants' | 'servers'>>, claim: (key: string) => Promise<number>): Owners {
  const remembered = new Map<string, number | Promise<number>>()
  const keyOf = ownerKeys(settings)
  return {
    ownerOf (caller) {
      const key = keyOf(caller)
      const known = remembered.get(key)
      if (known !== undefined) return known
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      const asked = claim(key).then((owner) => {
        remembered.set(key, owner)
        return owner
      })
      remembered.set(key, asked)
      return asked
    }
  }
}

/**
 * Whose owner is one: a user's, or a tenant's where it has limits or bounds of its own, because those are counted in one
 * process: so they hold exactly (rulings 3). So do all tenants where a tool has a limit, which is each tenant's own.
 */
function ownerKeys (settings: Partial<Pick<Settings, 'tenants' | 'servers'>>): (caller: Caller) => string {
  const hasToolLimits = [...settings.servers?.values() ?? []].some(({ tools }) => Object.keys(tools.callsPerMinute).length > 0)
  return ({ tenant, user }) => {
    const limits = settings.tenants?.get(tenant)?.limits
    const isBounded = hasToolLimits || (limits !== undefined && BOUNDED.some((name) => limits[name] !== undefined))
    return JSON.stringify(isBounded ? [tenant] : [tenant, user])
  }
}

/** Limits of a tenant that are counted over its users. */
const BOUNDED = ['callsPerMinute', 'requestsPerMinute', 'concurrentCalls', 'callsPerDay', 'callsPerMonth', 'workers'] as const
