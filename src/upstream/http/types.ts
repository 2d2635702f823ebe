import type { StartOptions, StartTold } from '../opening.ts'
import type { Connection, ConnectionRequest, EraVerdicts } from '../types.ts'

/** What opening a Streamable HTTP server needs besides the request: of {@link StartOptions} what is not about processes. */
export type HttpStartOptions = Pick<StartOptions, 'version' | 'nowMs' | 'healths' | 'onFault' | 'onThrown'>

/**
 * From a request to a connected server of either era: eras in the order of the verdicts, one connection pool, handshake or
 * discovery. The signal ends it at any point, and its reason is what is thrown then; otherwise a GatewayError:
 * GW_UPSTREAM_AUTH (401, 403), GW_UPSTREAM_UNAVAILABLE (no connection, no answer in time, 5xx), GW_UPSTREAM_PROTOCOL (an
 * answer that is none), GW_UPSTREAM_START (refused), and NotStreamable where the older HTTP+SSE transport is worth a try.
 */
export type OpenHttp = (options: HttpStartOptions, request: ConnectionRequest, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal) => Promise<Connection>
