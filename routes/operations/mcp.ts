import { META } from '../../src/protocol/index.ts'
import { answerHeaders } from '../../plugins/openapi/description.ts'
import { requestHeaders } from '../../plugins/openapi/headers.ts'
import { bodyRefusals, guardedRefusals } from '../../plugins/openapi/refusals.ts'
import type { RouteDocs, Schema } from '../../plugins/openapi/route-docs.ts'
import { ref } from '../../plugins/openapi/schemas.ts'
import { SERVER_NAME } from './params.ts'

/** Which endpoint: all servers of the caller, or one. */
type Endpoint = 'all' | 'one'

const CLIENT = { name: 'curl', version: '1.0.0' }
/** Everything a request that stands alone says of its client (MCP 2026-07-28 base protocol). */
const MODERN_META = { [META.protocolVersion]: '2026-07-28', [META.clientInfo]: CLIENT, [META.clientCapabilities]: {} }
const STREAM: Schema = { type: 'string', description: 'Events of server-sent events; the data of each `message` is one JSON-RPC message.' }
const EVENT = { value: 'event: message\ndata: {"jsonrpc":"2.0","id":2,"result":{"tools":[]}}\n\n' }
const IN_SESSION = ['GW_SESSION_REQUIRED', 'GW_SESSION_NOT_FOUND', 'GW_PROTOCOL_VERSION', 'GW_HTTP_NOT_ACCEPTABLE'] as const
const OF_A_POST = [
  'GW_PROTOCOL_PARSE', 'GW_PROTOCOL_SHAPE', 'GW_PROTOCOL_BATCH', 'GW_PROTOCOL_METHOD', 'GW_PROTOCOL_PARAMS', 'GW_PROTOCOL_META', 'GW_PROTOCOL_HEADERS', 'GW_PROTOCOL_CAPABILITY',
  'GW_PROTOCOL_UNSUPPORTED', 'GW_PROTOCOL_STATE', 'GW_SESSION_LIMIT', 'GW_AUTH_SCOPE', 'GW_POLICY_DENIED', 'GW_POLICY_UNAVAILABLE', 'GW_LIMIT_CONCURRENCY', 'GW_LIMIT_WORKERS'
] as const

/** POST: one message, or a batch where the revision has them. */
export function postDocs (endpoint: Endpoint): RouteDocs {
  return {
    ...about(endpoint, 'Send', 'Send an MCP message', `Which era a request is of is read from its body. **Session era** (to 2025-11-25): \`initialize\` opens a session; its id comes in \`Mcp-Session-Id\` and goes with every further request.
**From 2026-07-28 on** each request stands alone: what it says of its client is in \`params._meta\`, and \`MCP-Protocol-Version\`, \`Mcp-Method\` and \`Mcp-Name\` repeat what routers need.

The answer is JSON if it is there within a second and nothing came before it, otherwise an event stream that ends with it. Accept both, or send no \`Accept\`.`),
    headers: requestHeaders('Mcp-Session-Id', 'MCP-Protocol-Version', 'Mcp-Method', 'Mcp-Name', 'Idempotency-Key'),
    body: { content: { 'application/json': { schema: { ...BODY, 'x-examples': examples(endpoint) } } } },
    response: {
      200: {
        description: 'The answer.',
        headers: answerHeaders('Mcp-Session-Id'),
        content: {
          'application/json': { schema: { oneOf: [ref('JsonRpcAnswer'), { type: 'array', items: ref('JsonRpcAnswer') }] }, examples: { result: { value: { jsonrpc: '2.0', id: 2, result: { tools: [] } } } } },
          'text/event-stream': { schema: STREAM, examples: { result: EVENT } }
        }
      },
      202: { description: 'Taken: a notification, or a message that is owed no answer.', type: 'null' }
    },
    'x-refusals': bodyRefusals('mcp', ...IN_SESSION, ...OF_A_POST, ...routeOf(endpoint))
  }
}

/** GET: the stream of a session. */
export function streamDocs (endpoint: Endpoint): RouteDocs {
  return {
    ...about(endpoint, 'Stream', 'Open the stream of a session', 'Carries what servers say and ask unbidden, and with `Last-Event-ID` the rest of an answer whose connection was lost. Session era only.'),
    headers: requestHeaders('Mcp-Session-Id', 'MCP-Protocol-Version', 'Last-Event-ID'),
    response: {
      200: { description: 'The stream; it stays open.', content: { 'text/event-stream': { schema: STREAM, examples: { message: EVENT } } } },
      204: { description: 'That stream has ended, and was read to its end.', type: 'null' }
    },
    'x-refusals': guardedRefusals('mcp', ...IN_SESSION, 'GW_HTTP_METHOD', ...routeOf(endpoint))
  }
}

/** DELETE: the end of a session. */
export function endDocs (endpoint: Endpoint): RouteDocs {
  return {
    ...about(endpoint, 'End', 'End a session', 'What belongs to it goes with it. Session era only.'),
    headers: requestHeaders('Mcp-Session-Id', 'MCP-Protocol-Version'),
    response: { 204: { description: 'It has ended.', type: 'null' } },
    'x-refusals': guardedRefusals('mcp', 'GW_SESSION_REQUIRED', 'GW_SESSION_NOT_FOUND', 'GW_PROTOCOL_VERSION', 'GW_HTTP_METHOD', ...routeOf(endpoint))
  }
}

function about (endpoint: Endpoint, verb: string, summary: string, description: string): Pick<RouteDocs, 'operationId' | 'summary' | 'description' | 'tags'> & { params?: Schema } {
  const isAll = endpoint === 'all'
  return {
    operationId: `mcp${verb}${isAll ? '' : 'ToServer'}`,
    summary: isAll ? summary : `${summary}, one server`,
    description: `${description}\n\n${isAll ? 'All servers of the caller; names are `<server>__<tool>`.' : 'One server; names as the server has them.'}`,
    tags: ['MCP'],
    ...(isAll ? {} : { params: SERVER_NAME })
  }
}

function routeOf (endpoint: Endpoint): readonly ['GW_ROUTE_SERVER'] | readonly [] {
  return endpoint === 'all' ? [] : ['GW_ROUTE_SERVER']
}

const BODY: Schema = {
  description: 'A JSON-RPC message; in a session of 2025-03-26 also an array of at most 50.',
  oneOf: [ref('JsonRpcMessage'), { type: 'array', minItems: 1, maxItems: 50, items: ref('JsonRpcMessage') }]
}

/** Served as they stand by the quick start's server `everything`. */
function examples (endpoint: Endpoint): Schema {
  const name = endpoint === 'all' ? 'everything__echo' : 'echo'
  return {
    initialize: { summary: 'Open a session', value: request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT }) },
    initialized: { summary: 'Say that it is open (in a session)', value: { jsonrpc: '2.0', method: 'notifications/initialized' } },
    list: { summary: 'List tools (in a session)', value: request(2, 'tools/list') },
    call: { summary: 'Call a tool (in a session)', value: request(3, 'tools/call', { name, arguments: { message: 'hello' } }) },
    modern: { summary: 'Call a tool without a session', description: `With \`MCP-Protocol-Version: 2026-07-28\`, \`Mcp-Method: tools/call\` and \`Mcp-Name: ${name}\`.`, value: request(4, 'tools/call', { name, arguments: { message: 'hello' }, _meta: MODERN_META }) }
  }
}

function request (id: number, method: string, params?: object): object {
  return { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
}
