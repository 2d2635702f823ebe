/**
 * session: the clients' side of a conversation: the legacy protocol's sessions, and what bridges may know of any client.
 *
 * Owns session ids, the records by which another replica goes on with a session, ownership (issuer, tenant, user, client, route), expiry, the streams and the bounded event log, what
 * the client was asked. Never talks to a server and never decides what a principal may do. Called by bridge, gateway and
 * routes. Bound by MCP 2025-11-25 transports (session management, resumability) and by T01-T03, T20, FR40. Emits
 * sessions_open, session_owner_mismatch_total, events_dropped_total through its events.
 */
export { createSessionRegistry, type NewSession, type SessionRegistry, type SessionRegistryOptions } from './registry.ts'
export type { CancellableCall, Client } from './client.ts'
export type { AskOptions } from './client-asks.ts'
export { routeKey, Session, type ClientHello, type SessionEnd, type SessionRoute } from './session.ts'
export { EventLog, MAX_EVENTS, MAX_LOG_BYTES, type Resumption } from './event-log.ts'
export type { EventStream, StreamWriter } from './event-stream.ts'
export { SessionRecords, type Lookup, type SessionRecordsOptions } from './records.ts'
export type { FoundRecord, RecordPlace, Renewal, SessionStore } from './types.ts'
export type { Exchange } from './exchange.ts'
