import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import { GatewayError } from '../../src/shared/errors.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'
import { newRequestId } from '../../src/shared/request-id.ts'
import { JSON_TYPE, errorBody } from './error-body.ts'
import { toHttpFault } from './http-fault.ts'
import { safeText } from '../../src/telemetry/index.ts'
import type { AppOptions } from '../app-options.ts'
import type { OpenRequests } from './open-requests.ts'
import { standingHeaders } from './standing-headers.ts'

/** What Node's parser and timers complain of, by code; the rest is a malformed request. */
const BY_NODE_CODE: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'GW_HTTP_HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'GW_HTTP_BODY_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'GW_HTTP_TIMEOUT'
}

type Parts = Pick<AppOptions, 'telemetry' | 'logger'>

/**
 * Answers what Node's parser refused, once per connection, and closes it (T28, T31). Where an answer is already under
 * way, or one is owed for an earlier complete request, the connection is cut without a word: a second answer could be
 * taken for somebody else's.
 */
export function refuseMalformed (app: FastifyInstance, open: OpenRequests, parts: Parts): void {
  app.server.removeAllListeners('clientError')
  app.server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || !open.mayAnswer(socket)) {
      socket.destroy()
      return
    }
    const refusal = new GatewayError(BY_NODE_CODE[error.code ?? ''] ?? 'GW_HTTP_BAD_REQUEST', { reason: error.code ?? 'unknown' })
    const requestId = newRequestId()
    note(parts, refusal, requestId, socket.remoteAddress)
    socket.end(rawAnswer(refusal, requestId, app.securityHeaders), () => { socket.destroy() })
  })
}

/** Answers targets that the router cannot read (`%zz`, endless path segments); no hook runs for those. */
export function answerUnroutable (parts: Parts): (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const refusal = toHttpFault(error)
    note(parts, refusal, request.id, request.ip)
    reply.code(refusal.row.status)
      .headers({ ...standingHeaders(reply), 'content-type': JSON_TYPE })
      .send(errorBody(refusal, request.id, false))
  }
}

function note ({ telemetry, logger }: Parts, refusal: GatewayError, requestId: string, remoteAddress: string | undefined): void {
  telemetry.count('edge_refusals_total', { reason: 'malformed' }).inc()
  if (logger.enabled('info')) logger.record({ request_id: requestId, status: refusal.row.status, code: refusal.code, reason: safeText(refusal.details.reason ?? ''), remote_address: safeText(remoteAddress ?? '') }, 'malformed request')
}

function rawAnswer (error: GatewayError, requestId: string, securityHeaders: Readonly<Record<string, string>>): string {
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
