import type { FastifyReply } from 'fastify'
import { responseText, toJsonRpcError, type JsonRpcId } from '../../src/protocol/index.ts'
import type { GatewayError } from '../../src/shared/errors.ts'
import { setErrorHeaders } from '../../plugins/edge/error-headers.ts'

/** A refusal of a JSON-RPC request whose id is known: HTTP status, headers, and the error under that id (rulings 3, 4). */
export function sendRefusal (reply: FastifyReply, error: GatewayError, id: JsonRpcId | null): void {
  setErrorHeaders(reply, error)
  // The next request shall go to another replica (FR31).
  if (error.code === 'GW_DRAINING') reply.header('connection', 'close')
  reply.code(error.row.status).header('content-type', 'application/json; charset=utf-8').send(responseText(id, { error: toJsonRpcError(error) }))
}
