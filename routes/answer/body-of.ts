import type { FastifyRequest } from 'fastify'
import { GatewayError } from '../../src/shared/errors.ts'

/** The bytes of a request. Without Content-Type and body no parser ran, and there are none (T32). */
export function bodyOf (request: FastifyRequest): Buffer {
  if (Buffer.isBuffer(request.body)) return request.body
  throw new GatewayError('GW_HTTP_MEDIA_TYPE')
}
