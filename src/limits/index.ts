/**
 * Limits: how many calls, requests and initializes a user, key, tenant and tool may make in any 60 s, and how many
 * calls of a user, a tenant, to a server and in all may run at once.
 *
 * Owns the windows, quotas and concurrency slots of one process, the lines in front of them, and the port through which
 * replicas count together (`shared-counts.ts`; src/redis fulfils it). Must never do I/O, look at the date but for quotas of the
 * calendar (windows run on the monotonic clock, FR36), or charge for a refusal. Called by gateway/ after classification, once
 * per request and once per entry of a batch.
 *
 * Binding: rulings 3 (sliding windows, what counts where, refused calls are not charged), RFC 6585 4, T55, T59, FR36.
 *
 * Who waits for a slot stands in its line. Turns in the lines of servers and of the gateway go round the tenants by
 * weight, and inside a tenant round its users (`src/shared/fair-line.ts`): a flood is behind itself, not ahead of others.
 * A call whose wait would outlast its deadline, going by how long slots were held of late, is refused at once.
 *
 * How a key's own `callsPerMinute` works: its calls are charged to the key's window and to the user's, and for them the
 * user's limit is the higher of the two. So the number in the key's entry holds, and many keys of one user do not add
 * up past the highest of them (T55). A tool's limit is per tenant.
 *
 * The shared limiter takes slots here first, then asks for all replicas; what waits for another replica's slot holds
 * nothing meanwhile. Unanswered, it decides here, from this replica's part (reliability C, FR20, FR21).
 *
 * Fails by returning refusals, never by throwing or rejecting. Keys that were idle for a minute are forgotten.
 * `LimitEvents` feeds the counters of refusals by limit and the histogram of waits.
 */
export { createMemorySteps } from './memory-steps.ts'
export type { MemorySteps } from './memory-steps.ts'
export { isQuota } from './quota.ts'
export type { QuotaName } from './quota.ts'
export type { Asker, HeldSlots, SharedCounter, SharedCounterParts, SharedCounts, SharedQuota, SharedSlots, SharedVerdict, SharedWindow, Turn } from './shared-counts.ts'
export { createSharedLimiter } from './shared-limiter.ts'
export type { SharedLimiterParts } from './shared-limiter.ts'
export { createMemoryLimiter } from './memory-limiter.ts'
export type { MemoryLimiterParts } from './memory-limiter.ts'
export type { CallGrant, LimitDecision, Limiter, LimitEvents, LimitName, LimitRefusal, LocalLimiter, WindowState } from './types.ts'
