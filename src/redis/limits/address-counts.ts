import type { Keys } from '../keys.ts'
import { script } from '../script.ts'
import { RedisAway } from '../types.ts'
import type { RedisStore } from '../types.ts'

const ADDRESS = script('limits/address')

/** Requests without a valid credential, counted by address over all replicas. */
export interface AddressCounts {
  /**
   * Counts one.
   * @throws RedisAway when nobody counts for all
   */
  count (address: string, windowMs: number): Promise<{ readonly count: number, readonly leftMs: number }>
}

/** The counts in Redis: fixed windows, which is enough against guessing (T13, T55). */
export function createAddressCounts (store: RedisStore, keys: Keys): AddressCounts {
  return {
    async count (address, windowMs) {
      const reply = await store.run(ADDRESS, [keys.addressWindow(address)], [windowMs])
      const [count, leftMs] = Array.isArray(reply) ? reply as readonly unknown[] : []
      if (typeof count !== 'number' || typeof leftMs !== 'number') throw new RedisAway('an answer that is none')
      return { count, leftMs }
    }
  }
}
