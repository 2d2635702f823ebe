import { randomBytes } from 'node:crypto'
import type { HeldSlots, SharedCounter, SharedCounterParts, SharedCounts, SharedSlots } from '../../limits/index.ts'
import type { TenantId } from '../../shared/ids.ts'
import type { Keys } from '../keys.ts'
import type { RedisStore } from '../types.ts'
import { Counter } from './counter.ts'
import { KeptSlots } from './kept-slots.ts'
import { Lane, LEASE_MS } from './lane.ts'

/** What shared counts are made of. */
export interface SharedCountsParts {
  readonly store: RedisStore
  readonly keys: Keys
  /**
   * Keys of several tenants may go in one script: everywhere but in a cluster. One message then carries what all callers ask in
   * a turn of the event loop.
   */
  readonly together: boolean
  /** Told of what is a fault of the gateway's own. */
  readonly thrown: (thrown: unknown) => void
}

/** The counts that all replicas keep in Redis: windows, quotas and slots, one Lua call for all of a request (rulings 3). */
export function createSharedCounts ({ store, keys, together, thrown }: SharedCountsParts): SharedCounts {
  // Of this limiter alone: a gateway that is started again is another one, and what the one before held ends by itself.
  const lease = randomBytes(9).toString('base64url')
  const everybody = new Lane(store, lease, thrown)
  const lanes = new Map<string, Lane>()

  /** A cluster keeps each tenant's keys in one place, and no script reaches into two. */
  function laneOf (tenant: TenantId): Lane {
    if (together) return everybody
    let lane = lanes.get(tenant)
    if (lane === undefined) lanes.set(tenant, lane = new Lane(store, lease, thrown))
    return lane
  }

  return {
    assertEveryMs: LEASE_MS / 4,
    get isAway () { return store.state === 'away' },
    onChange: (listener) => store.onState(() => { listener() }),
    slots: (tenant: TenantId, kind: 'user' | 'tenant', subject: string, held: HeldSlots): SharedSlots =>
      new KeptSlots(laneOf(tenant), keys.limitSlots(tenant, kind, named(subject)), held),
    counter ({ tenant, windows, quotas, slots }: SharedCounterParts): SharedCounter {
      const windowKeys = windows.map(({ name, subject }) => keys.limitWindow(tenant, name, named(subject)))
      const quotaKeys = quotas.map(({ name, subject }) => keys.limitQuota(tenant, name, named(subject)))
      const places = slots.map(({ slots: kept, limit }) => ({ key: (kept as KeptSlots).key, limit }))
      return new Counter(laneOf(tenant), { windowKeys, quotaKeys, windows, quotas, slots: places })
    }
  }
}

function named (subject: string): string {
  return subject === '' ? '-' : subject
}
