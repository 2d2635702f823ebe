import { createCache, type Cache } from '../src/cache/index.ts'
import type { MemorySteps } from '../src/limits/index.ts'
import { createSharedTier } from '../src/redis/index.ts'
import type { Clock } from '../src/shared/clock.ts'
import type { Settings } from '../src/shared/settings.ts'
import type { Telemetry } from '../src/telemetry/index.ts'
import type { SharedState } from './compose-redis.ts'

/** In this process, where the operator says nothing else. */
const DEFAULT_BYTES = 67_108_864

/** The cache of this process over what the replicas share; takes nothing in while memory is short (FR37). */
export function composeCache ({ cache: own }: Settings, clock: Clock, memory: MemorySteps, telemetry: Telemetry, shared: SharedState | undefined): Cache {
  const cache = createCache({
    maxBytes: own?.maxBytes ?? DEFAULT_BYTES,
    nowMs: clock.nowMs,
    wallMs: clock.wallMs,
    noCache: () => memory.noCache,
    ...(shared === undefined ? {} : { shared: createSharedTier(shared) })
  })
  telemetry.beforeScrape(() => {
    const { entries, bytes } = cache.size
    telemetry.level('cache_entries').set(entries)
    telemetry.level('cache_bytes').set(bytes)
  })
  return cache
}
