import type { Settings } from '../shared/settings.ts'
import type { PoolSettings } from '../shared/settings/pool.ts'
import type { ServerSettings } from '../shared/settings/server.ts'

/**
 * The settings of one of `count` processes: bounds over all callers are divided, rounded up, so that together they stay
 * within one worker per process of what the operator wrote. Bounds of a user or of a tenant with limits of its own stay
 * whole, because such a user or tenant lives in one process.
 */
export function shareOf (settings: Settings, count: number): Settings {
  const part = (bound: number): number => Math.ceil(bound / count)
  const { maxWorkers, maxWorkersPerTenant, maxStarting } = settings.pool
  return {
    ...settings,
    pool: { ...settings.pool, maxWorkers: part(maxWorkers), maxWorkersPerTenant: part(maxWorkersPerTenant), maxStarting: part(maxStarting) },
    limits: { ...settings.limits, ...dividedTotal(settings.limits, part) },
    servers: new Map([...settings.servers].map(([name, server]): [typeof name, ServerSettings] => [name, { ...server, ...dividedCalls(server, part), pool: poolPart(server.pool, part) }]))
  }
}

function poolPart (pool: PoolSettings, part: (bound: number) => number): PoolSettings {
  return { ...pool, warm: part(pool.warm), max: part(pool.max), maxPerTenant: part(pool.maxPerTenant) }
}

function dividedCalls ({ concurrentCalls }: ServerSettings, part: (bound: number) => number): Pick<ServerSettings, 'concurrentCalls'> {
  return concurrentCalls === undefined ? {} : { concurrentCalls: part(concurrentCalls) }
}

function dividedTotal ({ totalConcurrentCalls }: Settings['limits'], part: (bound: number) => number): Pick<Settings['limits'], 'totalConcurrentCalls'> {
  return totalConcurrentCalls === undefined ? {} : { totalConcurrentCalls: part(totalConcurrentCalls) }
}
