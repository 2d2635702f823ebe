import type { PoolSettings } from '../shared/settings/pool.ts'

/** Why a worker is replaced: the closed set of the metric label (FR08). */
export type RecycleReason = 'calls' | 'age' | 'memory'

/** What a worker may be used up by, as it was drawn for this one worker. */
export interface WorkerLife {
  readonly maxCalls: number
  readonly maxAgeMs: number
  readonly maxBytes: number
}

/** How far a worker has come. */
export interface WorkerWear {
  readonly calls: number
  readonly ageMs: number
  /** Resident, of all its processes; undefined = not looked at. */
  readonly bytes: number | undefined
}

/** The limits of one worker: a fifth more or less than the entry says, so that workers of one age do not all end at once. */
const JITTER = 0.2
/** From so many times its limit on, a worker that is always in use is taken out of use. */
export const OVERDUE = 2
const MIB = 1024 * 1024

/**
 * Draws the limits of a new worker; undefined = it has none.
 * @param random 0 <= x < 1
 */
export function drawLife (pool: Pick<PoolSettings, 'maxCalls' | 'maxAgeMs' | 'maxMemoryMb'>, random: () => number = Math.random): WorkerLife | undefined {
  const { maxCalls, maxAgeMs, maxMemoryMb } = pool
  if (maxCalls === undefined && maxAgeMs === undefined && maxMemoryMb === undefined) return undefined
  const jittered = (limit: number): number => limit * (1 - JITTER + 2 * JITTER * random())
  return {
    maxCalls: maxCalls === undefined ? Infinity : Math.max(1, Math.round(jittered(maxCalls))),
    maxAgeMs: maxAgeMs === undefined ? Infinity : jittered(maxAgeMs),
    maxBytes: maxMemoryMb === undefined ? Infinity : jittered(maxMemoryMb * MIB)
  }
}

/** What has used the worker up, `times` over; undefined = nothing has. */
export function wornBy (life: WorkerLife, wear: WorkerWear, times = 1): RecycleReason | undefined {
  if (wear.calls >= life.maxCalls * times) return 'calls'
  if (wear.ageMs >= life.maxAgeMs * times) return 'age'
  return wear.bytes !== undefined && wear.bytes >= life.maxBytes * times ? 'memory' : undefined
}
