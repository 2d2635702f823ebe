import type { RecordPlace, Renewal, SessionStore } from '../../session/index.ts'
import type { Keys } from '../keys.ts'
import { script } from '../script.ts'
import type { RedisStore, SignedValues } from '../types.ts'

const KEEP = script('sessions/keep')
const LOOK = script('sessions/look')
const ADOPT = script('sessions/adopt')
const RENEW = script('sessions/renew')
const REMOVE = script('sessions/remove')
const RELEASE = script('sessions/release')

/** What the scripts answer for one record of a renewal. */
const RENEWALS: Readonly<Record<string, Renewal>> = { 1: 'kept', 0: 'missing', '-1': 'lost' }

/** The parts of a Redis composition that this store is made of. */
export interface SessionStoreParts {
  readonly store: RedisStore
  readonly signed: SignedValues
  readonly keys: Keys
  /** Instance of this replica. */
  readonly self: string
}

/** Records of sessions in Redis. Who has a session is not signed: it decides where a request goes, never whose the session is (T57). */
export function createSessionStore ({ store, signed, keys, self }: SessionStoreParts): SessionStore {
  const keyOf = ({ tenant, idHash }: RecordPlace): string => keys.session(tenant, idHash)
  return {
    get isAway () { return store.state === 'away' },
    async keep (place, text, ttlMs) {
      const key = keyOf(place)
      await store.run(KEEP, [key], [self, signed.sign(key, text), ttlMs])
    },
    async look (place) {
      const key = keyOf(place)
      const [stored, holder] = await store.run(LOOK, [key], []) as ReadonlyArray<string | undefined>
      const text = stored === undefined ? undefined : signed.verify(key, stored)
      return text === undefined || holder === undefined ? undefined : { text, holder }
    },
    adopt: async (place, from, ttlMs) => await store.run(ADOPT, [keyOf(place)], [self, from, ttlMs]) === 1,
    async renew (tenant, records) {
      const reply = await store.run(RENEW, records.map(({ idHash }) => keyOf({ tenant, idHash })), [self, ...records.map(({ ttlMs }) => ttlMs)])
      return (reply as readonly number[]).map((each) => RENEWALS[each] ?? 'missing')
    },
    async remove (place) { await store.run(REMOVE, [keyOf(place)], [self]) },
    async release (place) { await store.run(RELEASE, [keyOf(place)], [self]) }
  }
}
