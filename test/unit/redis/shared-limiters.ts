import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createSharedLimiter, type CallGrant, type Limiter, type LimitEvents, type SharedLimiterParts } from '../../../src/limits/index.ts'
import { createSharedCounts, keysFor, type RedisStore } from '../../../src/redis/index.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import type { Settings } from '../../../src/shared/settings.ts'
import type { RedisSettings } from '../../../src/shared/settings/redis.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { fs, limits, tools } from '../limits/callers.ts'
import { openStore, redisSettings } from './open-store.ts'

/** Exact as long as Redis answers in time: on a busy machine it is given a lot of it. */
const PATIENT_MS = 20_000

export type Admitted = Extract<CallGrant, { admitted: true }>

/** The limiter of one replica, and what it has said. */
export interface TestReplicaLimiter {
  readonly limiter: Limiter
  readonly store: RedisStore
  readonly refused: string[]
  readonly decidedBy: string[]
  readonly waits: string[]
  /** How often nobody answered in time. */
  readonly unanswered: () => number
}

export interface Scene {
  readonly redis: TestRedis
  readonly replicas: readonly TestReplicaLimiter[]
}

export interface SceneOptions {
  readonly count?: number
  readonly settings?: Partial<Pick<Settings, 'limits' | 'tenants' | 'servers'>>
  readonly redis?: TestRedis
  readonly store?: Partial<RedisSettings>
  /** As in a cluster: each tenant's questions in messages of their own. */
  readonly apart?: boolean
  readonly parts?: Partial<Pick<SharedLimiterParts, 'clock' | 'whenAway' | 'replicas' | 'noSessions'>>
}

/** As many limiters as there are replicas, on one real Redis, each with a connection of its own. */
export async function sharedLimiters (t: TestContext, { count = 2, settings = {}, store: storeOptions = {}, apart = false, parts = {}, ...options }: SceneOptions = {}): Promise<Scene> {
  const redis = options.redis ?? await startRedis({ socket: true })
  if (options.redis === undefined) t.after(async () => { await redis.stop() })
  const replicas: TestReplicaLimiter[] = []
  for (let made = 0; made < count; made++) {
    const at = redis.socketPath === undefined ? { kind: 'single', host: redis.host, port: redis.port } as const : { kind: 'socket', path: redis.socketPath } as const
    const { store } = await openStore(t, redisSettings(at, { commandTimeoutMs: PATIENT_MS, ...storeOptions }))
    replicas.push(replicaOn(t, store, settings, apart, { replicas: () => count, ...parts }))
  }
  return { redis, replicas }
}

function replicaOn (t: TestContext, store: RedisStore, settings: NonNullable<SceneOptions['settings']>, apart: boolean, parts: NonNullable<SceneOptions['parts']>): TestReplicaLimiter {
  const refused: string[] = []
  const decidedBy: string[] = []
  const waits: string[] = []
  let unanswered = 0
  const events: LimitEvents = {
    refused: (name) => { refused.push(name) },
    waited: (_waitedMs, outcome) => { waits.push(outcome) },
    decided: (by) => { decidedBy.push(by) },
    unanswered: () => { unanswered++ }
  }
  const counts = createSharedCounts({ store, keys: keysFor('db:'), together: !apart, thrown: (thrown) => { throw thrown } })
  const limiter = createSharedLimiter({ limits: limits(), servers: tools(), ...settings }, { clock: systemClock, whenAway: 'local', replicas: () => 1, ...parts, counts, events })
  t.after(() => { limiter.close() })
  return { limiter, store, refused, decidedBy, waits, unanswered: () => unanswered }
}

/** What a grant is, in a word. */
export const outcomeOf = (grant: CallGrant): string => grant.admitted ? 'admitted' : grant.refusal.name

/** Asks for a call of `fs`. */
export async function call (limiter: Limiter, principal: Principal, tool?: string, deadlineMs = Infinity, signal?: AbortSignal): Promise<CallGrant> {
  return await limiter.call(principal, fs, tool, deadlineMs, signal)
}

/** The same, for when there has to be room. @throws when there is none */
export async function admitted (limiter: Limiter, principal: Principal): Promise<Admitted> {
  const grant = await call(limiter, principal)
  assert.ok(grant.admitted, outcomeOf(grant))
  return grant
}
