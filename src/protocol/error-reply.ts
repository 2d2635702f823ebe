import { GatewayError } from '../shared/errors.ts'
import type { ErrorCode, ErrorDetails } from '../shared/errors.ts'
import type { JsonRpcErrorBody, Reply } from './message.ts'

/** Where an error of the gateway's own keeps its row. No JSON has symbols: a server can neither write it nor read it. */
const OWN_CODE = Symbol('own code')

/**
 * The one way from the catalogue to JSON-RPC: number, public sentence and public data. The reason and the cause stay
 * inside, and the row with them, for {@link ownCodeOf}.
 */
export function toJsonRpcError (error: GatewayError): JsonRpcErrorBody {
  const { data } = error.details
  const body = { code: error.row.rpcCode, message: error.message }
  // Not enumerable: who writes, compares or copies the error sees what its reader sees.
  return Object.defineProperty(data === undefined ? body : { ...body, data }, OWN_CODE, { value: error.code })
}

/** An error reply straight from the catalogue, for refusals that were never thrown. */
export function errorReply (code: ErrorCode, details?: ErrorDetails): Reply {
  return { error: toJsonRpcError(new GatewayError(code, details)) }
}

/**
 * The row that an error was made from, if the gateway made it; undefined for what a server said, whichever number and
 * sentence it said it with. A copy has no row.
 */
export function ownCodeOf (error: JsonRpcErrorBody): ErrorCode | undefined {
  return (error as { readonly [OWN_CODE]?: ErrorCode })[OWN_CODE]
}
