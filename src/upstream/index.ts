/**
 * upstream: one initialized connection per worker key.
 *
 * Owns the worker key (rulings 1), the handshake, ids and progress tokens of our own hop, deadlines, cancellation, idle
 * reaping, back-off after failed starts. Never decides who may call (tenancy, limits) or which client is asked (bridge).
 * Called by bridge and gateway. Bound by MCP 2025-11-25 lifecycle, stdio transport, cancellation, progress; T18-T20, T39.
 * Fails with GW_UPSTREAM_* and GW_LIMIT_WORKERS. Emits worker_start_seconds and worker_protocol_error_total through the
 * events it was given.
 */
export { createConnections, type Connections, type ConnectionsOptions } from './connections.ts'
export type { StartFailure } from './keyed-place.ts'
export type { Place } from './place.ts'
export type { ConnectionFault } from './speech.ts'
export { fingerprint } from './worker-key.ts'
export type { CallHandle, CancelReason, Connection, ConnectionPeer, ConnectionRequest, ConnectionStatus, EraVerdicts, UpstreamCall, UpstreamSubscription } from './types.ts'
