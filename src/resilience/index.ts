/**
 * resilience: when to try again, and when not to try at all.
 *
 * Owns: the arithmetic of retry budgets, waits between tries, and circuit breakers; what is remembered of calls that are to run once
 * (a port, and its store in memory). Time and chance are handed in.
 * Never: does I/O, knows what a request is, or decides what may be repeated.
 * Called by: upstream, gateway; redis has the other store of that port. The bounds and queues of calls (bulkheads) are src/limits: slots per user, tenant, server and gateway with fair
 * lines in front of them.
 * Sources: reliability FR11, FR14, FR36, FR42.
 * Fails: never; everything is a number or a yes or no.
 */
export { CircuitBreaker } from './circuit-breaker.ts'
export type { CircuitOptions, CircuitState } from './circuit-breaker.ts'
export { fullJitterMs } from './full-jitter.ts'
export { RetryBudget } from './retry-budget.ts'
export { createMemoryOnceStore } from './once/memory-once-store.ts'
export { ONCE_KEPT_MS } from './once/types.ts'
export type { OnceClaim, OnceId, OnceStore } from './once/types.ts'
