import { answerHeaders } from '../../plugins/openapi/description.ts'
import { requestHeaders } from '../../plugins/openapi/headers.ts'
import { openRefusals } from '../../plugins/openapi/refusals.ts'
import type { RouteDocs } from '../../plugins/openapi/route-docs.ts'
import { ref } from '../../plugins/openapi/schemas.ts'
import { SERVER_NAME } from './params.ts'

/** Resource metadata of one endpoint. @param url of the route, parameters included */
export function metadataDocs (url: string): RouteDocs {
  const endpoint = url.split('/oauth-protected-resource')[1] ?? ''
  return {
    operationId: `resourceMetadata${endpoint.split(/[^A-Za-z]+/).filter(Boolean).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')}`,
    summary: `Metadata of the protected resource ${endpoint.replace(/:(\w+)/, '{$1}') || '/'}`,
    description: 'Where a client gets an access token for this endpoint (RFC 9728). Known and unknown servers are answered alike.',
    tags: ['Discovery'],
    security: [],
    ...(url.includes(':name') ? { params: SERVER_NAME } : {}),
    response: { 200: { description: 'The metadata.', content: { 'application/json': { schema: ref('ResourceMetadata') } } } },
    'x-refusals': openRefusals('GW_HTTP_NOT_FOUND')
  }
}

const UNCHANGED = { description: 'The caller\'s copy is current.', type: 'null' } as const

/** This document. */
export const OPENAPI: RouteDocs = {
  operationId: 'openapi',
  summary: 'This document',
  description: 'OpenAPI 3.1, of the public routes.',
  tags: ['Discovery'],
  security: [],
  headers: requestHeaders('If-None-Match'),
  response: {
    200: { description: 'The document.', headers: answerHeaders('ETag', 'Cache-Control'), content: { 'application/json': { schema: { type: 'object', required: ['openapi', 'info', 'paths'] } } } },
    304: UNCHANGED
  },
  'x-refusals': openRefusals('GW_LIMIT_RATE')
}

/** The page that shows it. */
export const PAGE: RouteDocs = {
  operationId: 'docs',
  summary: 'This document, to be browsed',
  description: 'A page that needs nothing from any other origin.',
  tags: ['Discovery'],
  security: [],
  headers: requestHeaders('If-None-Match'),
  response: {
    200: { description: 'The page.', headers: answerHeaders('ETag', 'Cache-Control'), content: { 'text/html': { schema: { type: 'string' } } } },
    304: UNCHANGED
  },
  'x-refusals': openRefusals('GW_LIMIT_RATE')
}
