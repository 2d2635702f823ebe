import type { GatewayError } from '../shared/errors.ts'
import type { JsonRpcId } from '../protocol/index.ts'

/**
 * The answer channel of one client request, made by a route. The gateway never sees HTTP: a route decides between JSON
 * and SSE (rulings 4). Texts are complete JSON-RPC messages.
 */
export interface Exchange {
  /** A notification or request to the client that belongs to this request and comes before its reply. */
  emit (text: string): void
  /** The reply. Exactly one of `finish`, `refuse` and `drop` is called, once per request. */
  finish (text: string): void
  /** The client cancelled: there is no reply (MCP cancellation). */
  drop (): void
  /** A refusal before admission: an HTTP status where the transport has one, a JSON-RPC error with the id otherwise. */
  refuse (error: GatewayError, id: JsonRpcId): void
}
