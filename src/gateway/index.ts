/**
 * gateway: the whole request, as a table of contents.
 *
 * Owns the order of things: session, policy, limits, routing, worker, answer, audit. Holds no protocol details (protocol),
 * no decision of its own (tenancy, limits) and no process (stdio-pool). Called by routes through {@link Gateway}. Every
 * admitted request is answered exactly once through its Exchange. Emits calls_total, call_failures_total, tenant_calls_total, call_seconds,
 * limit_refusals_total, policy_refusals_total through its events, and one audit record per call.
 */
export { createGateway } from './gateway.ts'
export type { Gateway, GatewayOptions } from './types.ts'
export type { Caller, GatewayEvents, ModernRequest } from './context.ts'
export type { PlainCall, PlainOutcome } from './plain-tools.ts'
export type { Reopened, SharedSessions } from './reopening.ts'
export type { ServerStatus } from './status.ts'
