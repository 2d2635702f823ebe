import { readRevocation, revocationText, type RevocationStore } from '../../auth/index.ts'
import { randomId } from '../../shared/ids.ts'
import type { Keys } from '../keys.ts'
import { script } from '../script.ts'
import type { RedisStore, SignedValues } from '../types.ts'

const ADD = script('revocations/add')
const READ = script('revocations/read')

/** Every key has an end (FR25); this one is put off by whoever looks. */
const KEPT_MS = 400 * 86_400_000
/** What is said on the channel: that there is something to read. */
const NEWS = 'changed'

/** The parts of a Redis composition that this store is made of. */
export interface RevocationStoreParts {
  readonly store: RedisStore
  readonly signed: SignedValues
  readonly keys: Keys
}

/** Revocations in Redis. An entry that no replica has signed is none (T57): nobody can lock others out by writing here. */
export function createRevocationStore ({ store, signed, keys }: RevocationStoreParts): RevocationStore {
  const listKey = keys.revoked()
  const both = [listKey, keys.revokedMark()]
  const channel = keys.revokedNews()
  let seen = ''
  return {
    async read () {
      const reply = await store.run(READ, both, [seen, randomId(), KEPT_MS])
      const [mark = '', ...texts] = reply as readonly string[]
      if (mark === seen) return undefined
      const entries = texts.map((text) => signed.verify(listKey, text)).map((text) => text === undefined ? undefined : readRevocation(text))
      seen = mark
      return entries.filter((entry) => entry !== undefined)
    },
    async add (entry) {
      await store.run(ADD, both, [signed.sign(listKey, revocationText(entry)), entry.untilMs, randomId(), KEPT_MS])
      // Who does not hear it finds out by looking.
      await store.publish(channel, NEWS).catch(() => undefined)
    },
    watch: (onAdded) => store.subscribe(channel, onAdded, onAdded)
  }
}
