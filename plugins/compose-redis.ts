import { createRedisStore, createSignedValues, keysFor } from '../src/redis/index.ts'
import type { Keys, RedisEvents, RedisStore, SignedValues } from '../src/redis/index.ts'
import { systemClock } from '../src/shared/clock.ts'
import type { Settings } from '../src/shared/settings.ts'
import { safeText } from '../src/telemetry/index.ts'
import type { Logger, Telemetry } from '../src/telemetry/index.ts'
import type { HealthState } from './app-options.ts'

/** State that replicas share, for every room that has some. */
export interface SharedState {
  readonly store: RedisStore
  readonly signed: SignedValues
  readonly keys: Keys
  /** What /health says of it: degraded and no worse, because calls go on without it (rulings 2). */
  check (): HealthState['checks'][string]
}

/** The same refusal comes with every call; once in this time it is logged, in milliseconds. */
const LOG_EVERY_MS = 60_000

/** Connects to Redis in the background. @returns undefined = everything stays in this process */
export function composeRedis ({ redis, secret }: Settings, telemetry: Telemetry, logger: Logger): SharedState | undefined {
  if (redis === undefined) return undefined
  if (secret === undefined) throw new Error('settings with redis have a secret')
  const forged = telemetry.count('state_mac_fail_total')
  const store = createRedisStore(redis, { clock: systemClock, events: redisEvents(telemetry, logger) })
  telemetry.level('redis_up').set(0)
  forged.inc(0)
  return {
    store,
    signed: createSignedValues(secret, () => { forged.inc() }),
    keys: keysFor(redis.keyPrefix),
    check: () => store.state === 'up' ? { status: 'healthy' } : { status: 'degraded', detail: 'away' }
  }
}

function redisEvents (telemetry: Telemetry, logger: Logger): RedisEvents {
  const seconds = telemetry.observe('redis_command_seconds')
  const outcomes = new Map<string, ReturnType<Telemetry['count']>>()
  const loggedMs = new Map<string, number>()
  return {
    ended (outcome, tookS) {
      let count = outcomes.get(outcome)
      if (count === undefined) outcomes.set(outcome, count = telemetry.count('redis_commands_total', { outcome }))
      count.inc()
      if (outcome !== 'away') seconds.observe(tookS)
    },
    failed (outcome, reason) {
      const nowMs = systemClock.nowMs()
      const lastMs = loggedMs.get(outcome)
      if (lastMs !== undefined && nowMs - lastMs < LOG_EVERY_MS) return
      loggedMs.set(outcome, nowMs)
      logger.warn({ event: 'redis_command_failed', outcome, reason: safeText(reason) }, 'a Redis command failed; others of this kind are only counted for a minute')
    },
    state (state, reason) {
      telemetry.level('redis_up').set(state === 'up' ? 1 : 0)
      if (state === 'up') logger.info({ event: 'redis_up' }, 'Redis answers')
      else logger.warn({ event: 'redis_away', reason: safeText(reason) }, 'Redis is away: the gateway goes on without it')
    },
    thrown: (thrown) => { logger.error({ event: 'internal_fault', err: thrown }, 'something of the gateway itself failed') }
  }
}
