import { createMemoryLimiter, createSharedLimiter, isQuota } from '../src/limits/index.ts'
import type { LimitEvents, Limiter, MemoryLimiterParts } from '../src/limits/index.ts'
import { createSharedCounts } from '../src/redis/index.ts'
import type { Settings } from '../src/shared/settings.ts'
import type { Logger, Telemetry } from '../src/telemetry/index.ts'
import type { SharedState } from './compose-redis.ts'

/** What the limiter is composed with. */
export interface LimitParts extends Pick<MemoryLimiterParts, 'clock'> {
  readonly telemetry: Telemetry
  readonly logger: Logger
  /** Is there no memory for another session (FR37)? */
  readonly noSessions: () => boolean
  /** Live replicas, this one included. */
  readonly replicas: () => number
}

/** Limits of this process alone, or of all replicas together. */
export function composeLimits (settings: Settings, shared: SharedState | undefined, { clock, telemetry, logger, noSessions, replicas }: LimitParts): Limiter {
  const { limits, tenants, servers, redis } = settings
  const parts = { clock, noSessions, events: limitEvents(telemetry) }
  if (shared === undefined || redis === undefined) return createMemoryLimiter(limits, tenants, servers, parts)
  const { store, keys } = shared
  const thrown = (error: unknown): void => { logger.error({ event: 'internal_fault', err: error }, 'something of the gateway itself failed') }
  const counts = createSharedCounts({ store, keys, together: redis.at.kind !== 'cluster', thrown })
  telemetry.count('limit_unanswered_total').inc(0)
  return createSharedLimiter(settings, { ...parts, counts, replicas, whenAway: redis.whenAway })
}

function limitEvents (telemetry: Telemetry): LimitEvents {
  const byReplicas = telemetry.count('limit_decisions_total', { by: 'replicas' })
  const byProcess = telemetry.count('limit_decisions_total', { by: 'process' })
  return {
    refused: (limit) => isQuota(limit) ? telemetry.count('quota_refusals_total', { quota: limit }).inc() : telemetry.count('limit_refusals_total', { limit }).inc(),
    waited: (waitedMs, outcome) => telemetry.observe('call_wait_seconds', { outcome }).observe(waitedMs / 1000),
    decided: (by) => { (by === 'replicas' ? byReplicas : byProcess).inc() },
    unanswered: () => telemetry.count('limit_unanswered_total').inc()
  }
}
