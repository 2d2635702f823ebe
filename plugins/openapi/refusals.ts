import { errorBody } from '../edge/error-body.ts'
import { toJsonRpcError } from '../../src/protocol/index.ts'
import { ERRORS, GatewayError } from '../../src/shared/errors.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'
import { ANSWER_HEADERS, X_REQUEST_ID } from './headers.ts'
import type { RefusalShape, RouteDocs, Schema } from './route-docs.ts'

/** Whatever is asked for: what the edge refuses before it knows a route. */
const EDGE = ['GW_HTTP_HOST', 'GW_HTTP_ORIGIN', 'GW_HTTP_BAD_REQUEST', 'GW_HTTP_TIMEOUT', 'GW_HTTP_HEADERS_TOO_LARGE', 'GW_INTERNAL'] as const
/** Of routes that want a credential. */
const GUARDED = [
  'GW_AUTH_REQUIRED', 'GW_AUTH_INVALID', 'GW_AUTH_AMBIGUOUS', 'GW_AUTH_UNAVAILABLE', 'GW_AUTH_TENANT', 'GW_LIMIT_RATE', 'GW_LIMIT_IN_FLIGHT',
  'GW_OVERLOADED', 'GW_DRAINING', 'GW_UPSTREAM_UNAVAILABLE'
] as const
/** Of routes that read a body. */
const BODY = ['GW_HTTP_MEDIA_TYPE', 'GW_HTTP_BODY_TOO_LARGE'] as const

/** Stands for the id of whoever asks, in examples. */
const REQUEST_ID = '7041017fe2f311dfe1ad61f21f52d9cd'

/** The refusals of an open route. */
export function openRefusals (...codes: readonly ErrorCode[]): RouteDocs['x-refusals'] {
  return { shape: 'json', codes: [...EDGE, ...codes] }
}

/** The refusals of a route that wants a credential, besides the ones that all of those share. */
export function guardedRefusals (shape: RefusalShape, ...codes: readonly ErrorCode[]): RouteDocs['x-refusals'] {
  return { shape, codes: [...EDGE, ...GUARDED, ...codes] }
}

/** The same, of a route that also reads a body. */
export function bodyRefusals (shape: RefusalShape, ...codes: readonly ErrorCode[]): RouteDocs['x-refusals'] {
  return guardedRefusals(shape, ...BODY, ...codes)
}

/** Of the operator's listener, where an address is as good as another and a token is all there is. */
export function managementRefusals (...codes: readonly ErrorCode[]): RouteDocs['x-refusals'] {
  return { shape: 'json', codes: ['GW_HTTP_BAD_REQUEST', 'GW_HTTP_TIMEOUT', 'GW_HTTP_HEADERS_TOO_LARGE', 'GW_INTERNAL', 'GW_AUTH_REQUIRED', 'GW_AUTH_INVALID', 'GW_HTTP_NOT_FOUND', ...codes] }
}

const SUFFIX: Readonly<Record<RefusalShape, string>> = { mcp: 'OfMcp', json: '', tools: 'OfTools' }

/** The name in `components.responses` of the refusals with this status. */
export function refusalName (shape: RefusalShape, status: number): string {
  return `Refusal${status}${SUFFIX[shape]}`
}

/** `components.responses` for what routes of one shape refuse with: one for each status, each with all its rows of the catalogue. */
export function refusalResponses (shape: RefusalShape, codes: Iterable<ErrorCode>): Record<string, Schema> {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].status)
  return Object.fromEntries([...byStatus].sort(([a], [b]) => a - b).map(([status, rows]) => [refusalName(shape, status), response(shape, status, rows)]))
}

function response (shape: RefusalShape, status: number, codes: readonly ErrorCode[]): Schema {
  const headers = Object.fromEntries(headerNames(status).map((name) => [name, header(ANSWER_HEADERS[name])]))
  return {
    description: codes.map((code) => `- \`${code}\`: ${ERRORS[code].message}`).join('\n'),
    headers: { 'X-Request-Id': header(X_REQUEST_ID), ...headers },
    content: {
      'application/json': {
        schema: bodySchema(shape, codes),
        examples: Object.fromEntries(codes.map((code) => [code, { summary: ERRORS[code].message, value: example(shape, code) }]))
      }
    }
  }
}

function header ({ description, ...schema }: Schema): Schema {
  return { description, schema }
}

function headerNames (status: number): ReadonlyArray<keyof typeof ANSWER_HEADERS> {
  if (status === 401 || status === 403) return ['WWW-Authenticate']
  if (status === 405) return ['Allow']
  if (status === 503) return ['Retry-After']
  return status === 429 ? ['Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] : []
}

/** The general shape, held to the numbers or names of these rows. */
function bodySchema (shape: RefusalShape, codes: readonly ErrorCode[]): Schema {
  const numbers = { properties: { error: { properties: { code: { enum: [...new Set(codes.map((code) => ERRORS[code].rpcCode))] } } } } }
  const names = { properties: { error: { properties: { code: { enum: codes } } } } }
  const plain = { allOf: [{ $ref: '#/components/schemas/HttpError' }, names] }
  if (shape === 'json') return plain
  if (shape === 'mcp') return { allOf: [{ $ref: '#/components/schemas/JsonRpcErrorResponse' }, numbers] }
  return { oneOf: [plain, { allOf: [{ $ref: '#/components/schemas/ToolFailure' }, numbers] }] }
}

function example (shape: RefusalShape, code: ErrorCode): unknown {
  const error = new GatewayError(code)
  if (shape === 'tools' && isOfTheCall(code)) return { ok: false, error: toJsonRpcError(error) }
  return JSON.parse(errorBody(error, REQUEST_ID, shape === 'mcp'))
}

/** What is said of a call that was read, in the shape of its answer; everything else is said before. */
function isOfTheCall (code: ErrorCode): boolean {
  return code === 'GW_LIMIT_RATE' || code === 'GW_LIMIT_CONCURRENCY' || code === 'GW_LIMIT_WORKERS' || code === 'GW_AUTH_SCOPE' || code.startsWith('GW_POLICY_') || code === 'GW_PROTOCOL_PARAMS'
}
