import { bodyRefusals, guardedRefusals } from '../../plugins/openapi/refusals.ts'
import type { RouteDocs } from '../../plugins/openapi/route-docs.ts'
import { ref } from '../../plugins/openapi/schemas.ts'
import { SERVER_NAME, SESSION_ID } from './params.ts'

/** The stream that is a session of 2024-11-05. */
export function sseDocs (endpoint: 'all' | 'one'): RouteDocs {
  const isAll = endpoint === 'all'
  return {
    operationId: isAll ? 'sseOpen' : 'sseOpenToServer',
    summary: isAll ? 'Open a session' : 'Open a session, one server',
    description: 'The first event, `endpoint`, names the path to POST to; every answer comes as a `message` event of this stream. The session ends with it.',
    tags: ['MCP over SSE'],
    ...(isAll ? {} : { params: SERVER_NAME }),
    response: {
      200: {
        description: 'The stream; it stays open.',
        content: { 'text/event-stream': { schema: { type: 'string' }, examples: { endpoint: { value: 'event: endpoint\ndata: /messages/?session_id=d2f0c3b8a1e94f5f8f6b7c1d\n\n' } } } }
      }
    },
    'x-refusals': guardedRefusals('mcp', 'GW_HTTP_NOT_ACCEPTABLE', 'GW_SESSION_LIMIT', ...(isAll ? [] : ['GW_ROUTE_SERVER'] as const))
  }
}

/** Where such a session's client sends its messages. */
export function messagesDocs (endpoint: 'all' | 'one'): RouteDocs {
  const isAll = endpoint === 'all'
  return {
    operationId: isAll ? 'sseSend' : 'sseSendToServer',
    summary: isAll ? 'Send a message' : 'Send a message, one server',
    description: 'Acknowledged at once; the answer comes over the stream of the session.',
    tags: ['MCP over SSE'],
    ...(isAll ? {} : { params: SERVER_NAME }),
    querystring: SESSION_ID,
    body: { content: { 'application/json': { schema: { oneOf: [ref('JsonRpcMessage')], 'x-examples': { ping: { summary: 'Is it there?', value: { jsonrpc: '2.0', id: 1, method: 'ping' } } } } } } },
    response: { 202: { description: 'Taken.', content: { 'text/plain': { schema: { type: 'string', const: 'Accepted' } } } } },
    'x-refusals': bodyRefusals('mcp', 'GW_SESSION_REQUIRED', 'GW_SESSION_NOT_FOUND', 'GW_PROTOCOL_PARSE', 'GW_PROTOCOL_SHAPE', 'GW_PROTOCOL_BATCH', ...(isAll ? [] : ['GW_ROUTE_SERVER'] as const))
  }
}
