import type { Principal } from '../shared/principal.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Settings } from '../shared/settings.ts'

/** Closed set: metric label `limit`. */
export type LimitName = 'user_calls' | 'key_calls' | 'tenant_calls' | 'tool_calls' | 'user_requests' | 'tenant_requests' | 'user_initialize' | 'user_calls_day' | 'user_calls_month' | 'tenant_calls_day' | 'tenant_calls_month' | 'user_concurrency' | 'tenant_concurrency' | 'tenant_server_concurrency' | 'server_concurrency' | 'gateway_concurrency' | 'memory' | 'redis_away'

/** The tightest window after a decision, for the RateLimit-* headers. */
export interface WindowState {
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until the window frees a place, at least 1 when remaining is 0. */
  readonly resetS: number
}

export interface LimitRefusal {
  readonly name: LimitName
  /** GW_LIMIT_IN_FLIGHT: what is scarce is not the caller's own. */
  readonly code: 'GW_LIMIT_RATE' | 'GW_LIMIT_CONCURRENCY' | 'GW_LIMIT_IN_FLIGHT'
  readonly window: WindowState
  /** Whole seconds, at least 1; of concurrency, what the wait was expected to be, at most 60. */
  readonly retryAfterS: number
}

export type LimitDecision =
  | { readonly admitted: true, readonly window: WindowState }
  | { readonly admitted: false, readonly refusal: LimitRefusal }

/** A grant of one call: holds a concurrency slot until `release`, which is idempotent. */
export type CallGrant =
  | { readonly admitted: true, readonly window: WindowState, release (): void }
  | { readonly admitted: false, readonly refusal: LimitRefusal }

/**
 * The port that rate and concurrency decisions go through. In memory every decision but a wait for a slot is there at once; over
 * replicas each is a promise, which never rejects. Refused calls are not charged. Windows slide: at most N admitted in any 60 s
 * (rulings 3).
 */
export interface Limiter {
  /** tools/call, prompts/get, resources/read, completion/complete: user, key, tenant and tool windows plus slots of user, tenant, server and gateway, all or nothing. What is over waits in a bounded queue until `deadlineMs` (monotonic) or `signal`; if the wait is known to be longer, it is refused at once. */
  call (principal: Principal, server: ServerName, tool: string | undefined, deadlineMs: number, signal?: AbortSignal): CallGrant | Promise<CallGrant>
  /** Everything else that is a request. */
  request (principal: Principal): LimitDecision | Promise<LimitDecision>
  /** A request that opens a session: charged as a request and as an initialize, both or neither. */
  initialize (principal: Principal): LimitDecision | Promise<LimitDecision>
  /** Another snapshot of the settings: what was counted stays counted, and whoever waits stays in line. */
  configure (snapshot: Pick<Settings, 'limits' | 'tenants' | 'servers'>): void
  close (): void
}

/** The limiter of one process, which knows at once. */
export interface LocalLimiter extends Limiter {
  request (principal: Principal): LimitDecision
  initialize (principal: Principal): LimitDecision
}

/** What the limiter tells telemetry. Callbacks must not throw; they run on the path of a call. */
export interface LimitEvents {
  /** A decision was a refusal. */
  refused (name: LimitName): void
  /** A call left the queue for a concurrency slot after `waitedMs`, or was refused instead of joining it ('shed'). */
  waited (waitedMs: number, outcome: 'granted' | 'deadline' | 'aborted' | 'closed' | 'shed'): void
  /** Where replicas count together: who decided. */
  decided? (by: 'replicas' | 'process'): void
  /** Asked, and not answered: this process decided, or refused. */
  unanswered? (): void
}
