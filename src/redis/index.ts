/**
 * redis: state that replicas share.
 *
 * Owns: the connection, its time limits and what is done while it is away; one Lua file per atomic action; every key and
 * channel (STORAGE.md); the stores that fulfil the ports of limits, replicas, session, cache and audit.
 * Never: decides about a caller; keeps a command for later; trusts a value that it did not sign (T57).
 * Called by: plugins/compose.ts, which hands its stores to the rooms.
 * Sources: reliability C (FR20-FR25), T57, rulings 3.
 * Fails: RedisAway, at once or within commandTimeoutMs; the caller's policy for that is in docs/redis.md.
 */
export { createSharedTier } from './cache/shared-tier.ts'
export { createAuditStream } from './audit/audit-stream.ts'
export { keysFor } from './keys.ts'
export type { Keys } from './keys.ts'
export { createOnceStore } from './once/once-store.ts'
export type { OnceStoreParts } from './once/once-store.ts'
export { createReplicaStore } from './replicas/replica-store.ts'
export { createAddressCounts } from './limits/address-counts.ts'
export type { AddressCounts } from './limits/address-counts.ts'
export { createSharedCounts } from './limits/shared-counts.ts'
export type { SharedCountsParts } from './limits/shared-counts.ts'
export { createRevocationStore } from './revocations/revocation-store.ts'
export { script } from './script.ts'
export { createSignedValues } from './signed-values.ts'
export { createSessionStore } from './sessions/session-store.ts'
export type { SessionStoreParts } from './sessions/session-store.ts'
export { createRedisStore } from './store.ts'
export type { RedisEvents, RedisStoreOptions } from './store.ts'
export type { RedisReply, RedisStore, Script, SignedValues } from './types.ts'
export { RedisAway } from './types.ts'
