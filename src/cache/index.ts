/**
 * cache: what servers answered, for a while, so that they are not asked again.
 *
 * Owns: how much of it is kept, for how long at most, what makes it void, and the second tier that replicas share (a port).
 * Must never: decide who may share an answer (its callers name the group: a worker key or less), keep a credential or a
 * connection, be the only place where anything is.
 * Called by: gateway; composed with the store of src/redis.
 * Bound by: T22, T23, T24, FR17, FR25, FR37; MCP 2026-07-28 caching hints.
 * Fails: never; what it cannot keep or get is asked of the server.
 * Metrics: cache_entries, cache_bytes; its callers count cache_lookups_total.
 */
export { BoundedMap, type Bounds } from './bounded-map.ts'
export { createCache, type CacheOptions } from './create-cache.ts'
export { canonicalText, digestOf } from './digest.ts'
export { Flights, type Flight, type FlightPlan } from './flights.ts'
export { frozen } from './frozen.ts'
export { jittered, jitteredHint, MAX_TTL_MS } from './jitter.ts'
export type { Cache, Codec, Kept, Reading, SharedTier, Slot, Topic, TopicKind } from './types.ts'
