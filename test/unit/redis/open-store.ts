import type { TestContext } from 'node:test'
import { createRedisStore, type RedisStore } from '../../../src/redis/index.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import type { RedisSettings } from '../../../src/shared/settings/redis.ts'
import { until } from '../../helpers/until.ts'

/** A store and what it has reported. */
export interface OpenStore {
  readonly store: RedisStore
  readonly states: Array<{ readonly state: string, readonly reason: string }>
  readonly failures: Array<{ readonly outcome: string, readonly reason: string }>
  /** How many commands ended in which way. */
  readonly ended: Map<string, number>
  /** Longest time a command took, in seconds. */
  slowest (): number
}

/** Settings of a gateway file that says no more than where Redis is. The deadline is generous: the machine may be busy. */
export function redisSettings (at: RedisSettings['at'], more: Partial<RedisSettings> = {}): RedisSettings {
  return { at, db: 0, keyPrefix: 'db:', commandTimeoutMs: 1000, whenAway: 'local', ...more }
}

/** A store that is closed with the test; it may still be connecting. */
export function createStore (test: TestContext, settings: RedisSettings): OpenStore {
  const states: Array<{ state: string, reason: string }> = []
  const failures: Array<{ outcome: string, reason: string }> = []
  const ended = new Map<string, number>()
  let slowest = 0
  const store = createRedisStore(settings, {
    clock: systemClock,
    events: {
      ended (outcome, seconds) {
        ended.set(outcome, (ended.get(outcome) ?? 0) + 1)
        slowest = Math.max(slowest, seconds)
      },
      failed: (outcome, reason) => { failures.push({ outcome, reason }) },
      state: (state, reason) => { states.push({ state, reason }) },
      thrown: (thrown) => { throw thrown }
    }
  })
  test.after(async () => { await store.close() })
  return { store, states, failures, ended, slowest: () => slowest }
}

/** The same, once Redis has answered. */
export async function openStore (test: TestContext, settings: RedisSettings): Promise<OpenStore> {
  const opened = createStore(test, settings)
  await until('Redis answers', () => opened.store.state === 'up')
  return opened
}
