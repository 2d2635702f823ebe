import type { GatewayError } from '../shared/errors.ts'
import type { JsonRpcId, Reply } from '../protocol/index.ts'

/**
 * The answer channel of one client request, made by a route. The gateway never sees HTTP: a route decides between JSON
 * and SSE (rulings 4), and serialises; results travel by reference.
 */
export interface Exchange {
  // None of these may throw: they run in the middle of a server's message, of a timer, of another session's end.
  /** A notification or request to the client that belongs to this request and comes before its reply; a complete JSON-RPC message. After the reply it goes over the session's own stream. */
  emit (text: string): void
  /** The reply. Exactly one of `finish`, `refuse` and `drop` is called, once per request. */
  finish (id: JsonRpcId, reply: Reply): void
  /** The client cancelled: there is no reply (MCP cancellation). */
  drop (): void
  /** A refusal before admission: an HTTP status where the transport has one, a JSON-RPC error with the id otherwise. */
  refuse (error: GatewayError, id: JsonRpcId | null): void
}
