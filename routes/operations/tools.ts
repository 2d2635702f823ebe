import { MAX_BATCH, toJsonRpcError } from '../../src/protocol/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import { requestHeaders } from '../../plugins/openapi/headers.ts'
import { bodyRefusals } from '../../plugins/openapi/refusals.ts'
import type { RouteDocs, Schema } from '../../plugins/openapi/route-docs.ts'
import { ref } from '../../plugins/openapi/schemas.ts'
import { SERVER_NAME } from './params.ts'

const REFUSED = [
  'GW_AUTH_SCOPE', 'GW_POLICY_DENIED', 'GW_POLICY_UNAVAILABLE', 'GW_LIMIT_CONCURRENCY', 'GW_LIMIT_WORKERS', 'GW_PROTOCOL_PARSE', 'GW_PROTOCOL_SHAPE', 'GW_PROTOCOL_PARAMS'
] as const
const SAID = { ok: true, result: { content: [{ type: 'text', text: 'Echo: hello' }] } }
const UNKNOWN = { ok: false, error: toJsonRpcError(new GatewayError('GW_ROUTE_TOOL')) }

/** One call. @param base `/mcp` = all servers of the caller */
export function callDocs (base: string): RouteDocs {
  return {
    ...about(base, 'callTool', 'Call a tool', 'Runs one tool. A result of the tool, and an error of the tool itself, are `ok: true`; `ok: false` says that there is no result. A caller who goes away cancels the call.'),
    body: body({ allOf: [ref('ToolCall')] }, { echo: { summary: 'A tool of the quick start', value: call(base) } }),
    response: {
      200: {
        description: 'What came of the call.',
        content: { 'application/json': { schema: ref('ToolOutcome'), examples: { result: { summary: 'The tool has run', value: SAID }, failure: { summary: 'There is no such tool', value: UNKNOWN } } } }
      }
    }
  }
}

/** Several calls. @param base `/mcp` = all servers of the caller */
export function batchDocs (base: string): RouteDocs {
  return {
    ...about(base, 'callTools', 'Call several tools', `Runs 1 to ${MAX_BATCH} tools side by side. Answers come in the order of the calls; one that is refused or fails does not sink the others.`),
    body: body({ type: 'array', minItems: 1, maxItems: MAX_BATCH, items: ref('ToolCall') }, { two: { summary: 'Two calls', value: [call(base), { tool_name: 'unknown' }] } }),
    response: {
      200: {
        description: 'What came of each call.',
        content: { 'application/json': { schema: { type: 'array', items: ref('ToolOutcome') }, examples: { two: { value: [SAID, UNKNOWN] } } } }
      }
    }
  }
}

function about (base: string, operationId: string, summary: string, description: string): Omit<RouteDocs, 'response'> {
  const isAll = base === '/mcp'
  return {
    operationId: isAll ? operationId : `${operationId}OfServer`,
    summary: isAll ? summary : `${summary} of one server`,
    description,
    tags: ['Tools'],
    headers: requestHeaders('Idempotency-Key'),
    ...(isAll ? {} : { params: SERVER_NAME }),
    'x-refusals': bodyRefusals('tools', ...REFUSED, ...(isAll ? [] : ['GW_ROUTE_SERVER'] as const))
  }
}

function body (schema: Schema, examples: Schema): NonNullable<RouteDocs['body']> {
  return { content: { 'application/json': { schema: { ...schema, 'x-examples': examples } } } }
}

function call (base: string): object {
  return { tool_name: base === '/mcp' ? 'everything__echo' : 'echo', arguments: { message: 'hello' } }
}
