import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { createReplicaStore, createSignedValues, keysFor } from '../../../src/redis/index.ts'
import { createReplicas, type AskPeer, type OwnerKey, type Replica, type Replicas, type ReplicaStore } from '../../../src/replicas/index.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import type { TestRedis } from '../../helpers/redis.ts'
import { openStore, redisSettings } from '../redis/open-store.ts'

/** The same for all replicas of a test. */
export const SECRET = 'a secret of thirty-two characters or more'
/** Shorter than in earnest, so that what takes several heartbeats takes no seconds. */
export const BEAT_MS = 100

/** One replica without a gateway: others reach it as they would over a hop, unless it is cut off. */
export interface TestReplica {
  readonly replicas: Replicas
  readonly store: ReplicaStore
  /** What its events told, in order. */
  readonly told: string[]
  /** How it answers to others from now on. */
  reach: 'answers' | 'refused' | 'silent'
  /** Ends without a word, as a killed process does. */
  die (): Promise<void>
}

/** Replicas of one Redis that know each other. */
export interface TestGroup {
  add (name: string): Promise<TestReplica>
}

export function createGroup (test: TestContext, redis: TestRedis, beatMs = BEAT_MS): TestGroup {
  const byOrigin = new Map<string, TestReplica>()
  const ask: AskPeer = async (replica, key) => {
    const peer = byOrigin.get(replica.origin)
    if (peer?.reach !== 'answers') return peer?.reach ?? 'refused'
    return { owns: key !== undefined && peer.replicas.owns(key), reachesStore: !peer.store.isAway }
  }
  return {
    async add (name) {
      // Before the store is closed, which asked to be told of the end later.
      test.after(async () => { if (!isDead) await replicas.close() })
      const { store } = await openStore(test, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
      const shared = createReplicaStore({ store, keys: keysFor('db:'), signed: createSignedValues(SECRET, () => { told.push('forged') }) })
      const told: string[] = []
      const used = new Set<OwnerKey>()
      let isDead = false
      // A process that was killed sends nothing any more.
      const own: ReplicaStore = {
        get isAway () { return shared.isAway },
        beat: async (self: Replica) => isDead ? await new Promise(() => {}) : await shared.beat(self),
        leave: async (self) => { if (!isDead) await shared.leave(self) },
        claim: async (request) => await shared.claim(request),
        renew: async (by, claims) => await shared.renew(by, claims),
        release: async (by, claims) => { if (!isDead) await shared.release(by, claims) }
      }
      const replicas = createReplicas({
        self: { name, instance: randomBytes(9).toString('base64url') },
        store: own,
        clock: systemClock,
        ask,
        isInUse: (key) => used.has(key),
        beatMs,
        events: {
          claimed: (how) => { told.push(how) },
          fenced: (key) => { told.push(`fenced ${key}`) },
          joined: (other) => { told.push(`joined ${other.name}`) },
          left: (other, why) => { told.push(`left ${other.name} ${why}`) },
          beatFailed: () => { told.push('beat failed') }
        }
      })
      const made: TestReplica = {
        replicas,
        store: own,
        told,
        reach: 'answers',
        async die () {
          isDead = true
          made.reach = 'refused'
        }
      }
      byOrigin.set(`http://${name}`, made)
      await replicas.begin(`http://${name}`)
      return made
    }
  }
}

/** A user's key. */
export function keyOf (tenant: string, user: string): OwnerKey {
  return JSON.stringify([tenant, user])
}
