import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import { randomUUID } from 'node:crypto'
import { GatewayError } from '../../src/shared/errors.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'
import { JSON_TYPE, errorBody } from './error-body.ts'
import { toHttpFault } from './http-fault.ts'
import type { OpenRequests } from './open-requests.ts'

/** What Node's parser and timers complain of, by code; the rest is a malformed request. */
const BY_NODE_CODE: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'GW_HTTP_HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'GW_HTTP_BODY_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'GW_HTTP_TIMEOUT'
}

/**
 * Answers what Node's parser refused, once per connection, and closes it (T28, T31). Where an answer is already under
 * way, or one is owed for an earlier complete request, the connection is cut without a word: a second answer could be
 * taken for somebody else's.
 */
export function refuseMalformed (app: FastifyInstance, open: OpenRequests): void {
  app.server.removeAllListeners('clientError')
  app.server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || !open.mayAnswer(socket)) {
      socket.destroy()
      return
    }
    socket.end(rawAnswer(new GatewayError(BY_NODE_CODE[error.code ?? ''] ?? 'GW_HTTP_BAD_REQUEST'), app.securityHeaders), () => { socket.destroy() })
  })
}

/** Answers targets that the router cannot read (`%zz`, endless path segments); no hook runs for those. */
export function answerUnroutable (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const fault = toHttpFault(error)
  reply.code(fault.row.status)
    .headers({ ...request.server.securityHeaders, 'x-request-id': request.id, 'content-type': JSON_TYPE })
    .send(errorBody(fault, request.id, false))
}

function rawAnswer (error: GatewayError, securityHeaders: Readonly<Record<string, string>>): string {
  const requestId = randomUUID()
  const body = errorBody(error, requestId, false)
  const headers = {
    ...securityHeaders,
    'x-request-id': requestId,
    'content-type': JSON_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close'
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${error.row.status} ${STATUS_CODES[error.row.status] ?? ''}\r\n${lines}\r\n${body}`
}
