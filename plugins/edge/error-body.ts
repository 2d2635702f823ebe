import { toJsonRpcError } from '../../src/protocol/index.ts'
import type { GatewayError } from '../../src/shared/errors.ts'

/** Media type of every error body. */
export const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * The body of a refusal: a JSON-RPC error without an id on MCP endpoints (the id is not known before the body is read),
 * `{error:{code, message, request_id}}` everywhere else (interface.md). Only the catalogue's public sentence goes out.
 */
export function errorBody (error: GatewayError, requestId: string, isMcp: boolean): string {
  return JSON.stringify(isMcp
    ? { jsonrpc: '2.0', id: null, error: toJsonRpcError(error) }
    : { error: { code: error.code, message: error.message, request_id: requestId } })
}
