import type { FastifyError } from 'fastify'
import { GatewayError, toGatewayError } from '../../src/shared/errors.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'

/** Fastify's own errors that are the client's doing, by code. */
const BY_FASTIFY_CODE: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_BAD_URL: 'GW_HTTP_BAD_REQUEST',
  FST_ERR_MAX_PARAM_LENGTH: 'GW_HTTP_NOT_FOUND',
  FST_ERR_NOT_FOUND: 'GW_HTTP_NOT_FOUND',
  FST_ERR_VALIDATION: 'GW_HTTP_BAD_REQUEST',
  FST_ERR_CTP_BODY_TOO_LARGE: 'GW_HTTP_BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'GW_HTTP_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'GW_HTTP_BAD_REQUEST',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'GW_HTTP_MEDIA_TYPE'
}

/** Anything thrown while a request was served, as a row of the catalogue. What nobody planned for is GW_INTERNAL. */
export function toHttpFault (thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError || !(thrown instanceof Error)) return toGatewayError(thrown)
  const { code, statusCode } = thrown as Partial<FastifyError>
  const known = code === undefined ? undefined : BY_FASTIFY_CODE[code]
  if (known !== undefined) return new GatewayError(known, { reason: thrown.message }, thrown)
  // A status on anybody else's error says nothing about this request.
  if (code?.startsWith('FST_') === true && statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new GatewayError('GW_HTTP_BAD_REQUEST', { reason: thrown.message }, thrown)
  return toGatewayError(thrown)
}
