import { GatewayError } from '../shared/errors.ts'
import type { ErrorCode, ErrorDetails } from '../shared/errors.ts'
import type { JsonRpcErrorBody, Reply } from './message.ts'

/**
 * The one way from the catalogue to JSON-RPC: number, public sentence and public data. The reason and the cause stay
 * inside.
 */
export function toJsonRpcError (error: GatewayError): JsonRpcErrorBody {
  const { data } = error.details
  const body = { code: error.row.rpcCode, message: error.message }
  return data === undefined ? body : { ...body, data }
}

/** An error reply straight from the catalogue, for refusals that were never thrown. */
export function errorReply (code: ErrorCode, details?: ErrorDetails): Reply {
  return { error: toJsonRpcError(new GatewayError(code, details)) }
}
