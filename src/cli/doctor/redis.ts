import { createRedisStore, keysFor } from '../../redis/index.ts'
import type { RedisStore } from '../../redis/index.ts'
import { systemClock } from '../../shared/clock.ts'
import type { Settings } from '../../shared/settings.ts'
import type { RedisSettings } from '../../shared/settings/redis.ts'
import { redisAddress } from '../redis-address.ts'
import { fine } from './finding.ts'
import type { Finding } from './finding.ts'

/** Long enough for names, TLS and a server that is just loading. */
const CONNECT_MS = 5000
const KEY_ENDS_MS = 10_000
const NAME = 'redis connection'

/** Connects as a gateway would, writes a key that ends by itself and reads it. None without `redis` in the configuration. */
export async function checkRedis ({ redis }: Settings): Promise<Finding[]> {
  if (redis === undefined) return []
  let reason = 'it does not answer'
  const store = createRedisStore(redis, {
    clock: systemClock,
    events: { ended () {}, failed: (_outcome, text) => { reason = text }, state: (state, text) => { if (state === 'away') reason = text }, thrown () {} }
  })
  try {
    const found = await isUp(store) ? await useIt(store, redis) : undefined
    return [found === undefined ? missing(redis, reason) : fine(NAME, true, found)]
  } catch {
    return [missing(redis, reason)]
  } finally {
    await store.close()
  }
}

async function isUp (store: RedisStore): Promise<boolean> {
  if (store.state === 'up') return true
  return await new Promise((resolve) => {
    const timer = setTimeout(() => { resolve(false) }, CONNECT_MS)
    store.onState((state) => {
      if (state !== 'up') return
      clearTimeout(timer)
      resolve(true)
    })
  })
}

async function useIt (store: RedisStore, redis: RedisSettings): Promise<string> {
  const key = keysFor(redis.keyPrefix).doctorProbe()
  const startMs = systemClock.nowMs()
  await store.set(key, 'probe', KEY_ENDS_MS)
  await store.get(key)
  return `${redisAddress(redis)}, ${((systemClock.nowMs() - startMs) / 2).toFixed(1)} ms a command`
}

function missing (redis: RedisSettings, reason: string): Finding {
  return { name: NAME, status: 'missing', required: true, found: `${redisAddress(redis)}: ${reason}`, fix: 'docs/redis.md has the URL\'s forms and the commands that its user needs' }
}
