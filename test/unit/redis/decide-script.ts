import type { TestContext } from 'node:test'
import { createHash } from 'node:crypto'
import { script, type RedisStore, type Script } from '../../../src/redis/index.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { openStore, redisSettings } from './open-store.ts'

/** What one question was answered with. */
export interface Answer { readonly verdict: number, readonly left: number, readonly resetS: number }

/** The decisions of the real script, at times that the test says: its one look at the clock is replaced. */
export interface Decisions {
  readonly redis: TestRedis
  readonly store: RedisStore
  nowMs: number
  /** One question; `waited` makes it one that asks again. */
  ask (parts: AskParts): Promise<Answer>
  giveBack (key: string, lease?: string): Promise<void>
  hold (key: string, count: number, lease?: string): Promise<void>
}

export interface AskParts {
  readonly lease?: string
  /** Limits by key. */
  readonly windows?: Readonly<Record<string, number>>
  /** Kind and limit by key. */
  readonly quotas?: Readonly<Record<string, readonly ['d' | 'm', number]>>
  readonly slots?: Readonly<Record<string, number>>
  readonly waitedMs?: number
}

const LEASE_MS = 9000
const TURN_MS = 240

/** The script with another clock: text of the real file, but for the line that asks Redis for the time. */
function atTestTime (): Script {
  const { text } = script('limits/decide')
  const patched = text.replace("redis.call('TIME')", "redis.call('HMGET', 'test:time', 's', 'us')")
  if (patched === text) throw new Error('the script does not ask for the time where it did')
  return { name: 'limits/decide-at', text: patched, sha1: createHash('sha1').update(patched).digest('hex') }
}

/** Starts a Redis of the test's own. */
export async function decisions (t: TestContext): Promise<Decisions> {
  const redis = await startRedis({ socket: true })
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'socket', path: redis.socketPath ?? '' }, { commandTimeoutMs: 20_000 }))
  const decide = atTestTime()
  const clock: Script = clockScript()
  const made: Decisions = {
    redis,
    store,
    nowMs: 1_763_800_000_000,
    async ask ({ lease = 'one', windows = {}, quotas = {}, slots = {}, waitedMs }) {
      const kind = waitedMs === undefined ? 1 : 2
      const counts = [Object.keys(windows).length, Object.keys(quotas).length, Object.keys(slots).length] as const
      const shape = kind + 8 * counts[0] + 64 * counts[1] + 512 * counts[2]
      const args = [shape, ...Object.values(windows), ...Object.values(quotas).flat(), ...Object.values(slots), ...(waitedMs === undefined ? [] : [waitedMs, TURN_MS])]
      const reply = await run(lease, [...Object.keys(windows), ...Object.keys(quotas), ...Object.keys(slots)], args)
      const [verdict = NaN, left = NaN, resetS = NaN] = reply as number[]
      return { verdict, left, resetS }
    },
    async giveBack (key, lease = 'one') { await run(lease, [key], [3 + 512]) },
    async hold (key, count, lease = 'one') { await run(lease, [key], [4 + 512, count]) }
  }
  async function run (lease: string, keys: readonly string[], args: ReadonlyArray<string | number>): Promise<unknown> {
    await store.run(clock, ['test:time'], [Math.floor(made.nowMs / 1000), (made.nowMs % 1000) * 1000])
    return await store.run(decide, keys, [lease, LEASE_MS, ...args])
  }
  return made
}

function clockScript (): Script {
  const text = "redis.call('HSET', KEYS[1], 's', ARGV[1], 'us', ARGV[2])"
  return { name: 'test/time', text, sha1: createHash('sha1').update(text).digest('hex') }
}
