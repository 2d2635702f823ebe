/**
 * upstream: one connection per worker key, to a process (stdio) or over HTTP (Streamable HTTP, HTTP+SSE), in the era that the
 * server speaks.
 *
 * Owns the worker key (rulings 1), which era is spoken and what is remembered of that, the handshake, ids and progress tokens
 * of our own hop, deadlines, cancellation, subscriptions, spares, idle reaping, back-off after failed starts, what is sent again,
 * the circuit of each server over HTTP (health/) and its tokens (credentials/). Never decides who may
 * call (tenancy, limits) or which client is asked (bridge).
 * Called by bridge and gateway. Bound by MCP 2024-11-05 to 2025-11-25 lifecycle, transports, cancellation, progress; MCP
 * 2026-07-28 base protocol, transports, versioning, subscriptions; T14, T18-T20, T39, T47-T49.
 * Fails with GW_UPSTREAM_* and GW_LIMIT_WORKERS. Emits worker_start_seconds and worker_protocol_error_total through the
 * events it was given.
 */
export { createConnections, type Connections, type ConnectionsOptions } from './connections.ts'
export type { StartKind } from './opening.ts'
export type { SpareStatus } from './spares/server-spares.ts'
export { whyNoSpares } from './spares/spare-rule.ts'
export type { StartFailure } from './place-context.ts'
export type { PlaceOwner } from './owned-places.ts'
export type { Place } from './place.ts'
export type { ConnectionFault } from './speech.ts'
export { fingerprint } from './fingerprint.ts'
export type { CallHandle, CancelReason, Connection, ConnectionPeer, ConnectionRequest, ConnectionStatus, EraVerdicts, UpstreamCall, UpstreamSubscription } from './types.ts'
