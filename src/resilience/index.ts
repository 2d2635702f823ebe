/**
 * resilience: when to try again, and when not to try at all.
 *
 * Owns: the arithmetic of retry budgets, waits between tries, and circuit breakers; time and chance are handed in.
 * Never: does I/O, knows what a request is, or decides what may be repeated.
 * Called by: upstream. The bounds and queues of calls (bulkheads) are src/limits: slots per user, tenant, server and gateway with fair
 * lines in front of them.
 * Sources: reliability FR11, FR14, FR36.
 * Fails: never; everything is a number or a yes or no.
 */
export { CircuitBreaker } from './circuit-breaker.ts'
export type { CircuitOptions, CircuitState } from './circuit-breaker.ts'
export { fullJitterMs } from './full-jitter.ts'
export { RetryBudget } from './retry-budget.ts'
