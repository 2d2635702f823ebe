import { hash } from 'node:crypto'
import type { TenantId, UserId } from '../shared/ids.ts'
import type { Settings } from '../shared/settings.ts'

/** Who owns whom: sessions, workers and windows of a caller live in one process. */
export interface Owners {
  /** Index of the process, from 0. The same in every process. */
  ownerOf (caller: { readonly tenant: TenantId, readonly user: UserId }): number
}

/** More callers are looked up anew; an entry is a short text and a number. */
const MAX_REMEMBERED = 10_000

/**
 * Users are spread evenly. The users of a tenant that has limits or bounds of its own stay together, because those are
 * counted in one process: so they hold exactly (rulings 3). So do all tenants where a tool has a limit, which is each tenant's own.
 */
export function createOwners (settings: Partial<Pick<Settings, 'tenants' | 'servers'>>, count: number): Owners {
  const remembered = new Map<string, number>()
  const hasToolLimits = [...settings.servers?.values() ?? []].some(({ tools }) => Object.keys(tools.callsPerMinute).length > 0)
  return {
    ownerOf ({ tenant, user }) {
      const limits = settings.tenants?.get(tenant)?.limits
      const isBounded = hasToolLimits || (limits !== undefined && BOUNDED.some((name) => limits[name] !== undefined))
      const key = isBounded ? JSON.stringify([tenant]) : JSON.stringify([tenant, user])
      const known = remembered.get(key)
      if (known !== undefined) return known
      const owner = Number.parseInt(hash('sha256', key).slice(0, 8), 16) % count
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      remembered.set(key, owner)
      return owner
    }
  }
}

/** Limits of a tenant that are counted over its users. */
const BOUNDED = ['callsPerMinute', 'requestsPerMinute', 'concurrentCalls', 'workers'] as const
