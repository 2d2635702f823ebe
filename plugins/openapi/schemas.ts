import type { Schema } from './route-docs.ts'

/** A reference to one of the schemas of this file. */
export function ref (name: keyof typeof SCHEMAS): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

const anything: Schema = { type: 'object', additionalProperties: true }
const text: Schema = { type: 'string' }
const here = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

const JSON_RPC = {
  JsonRpcId: { description: 'At most 256 characters, or a safe integer (rulings 4).', oneOf: [{ type: 'string', maxLength: 256 }, { type: 'integer' }] },
  JsonRpcRequest: {
    type: 'object',
    description: 'A request of MCP. Which methods there are, and their params, is the specification\'s to say; which tools, the servers\'.',
    required: ['jsonrpc', 'id', 'method'],
    properties: { jsonrpc: { const: '2.0' }, id: here('JsonRpcId'), method: { type: 'string', minLength: 1 }, params: anything }
  },
  JsonRpcNotification: {
    type: 'object',
    description: 'A message that is owed no answer.',
    required: ['jsonrpc', 'method'],
    properties: { jsonrpc: { const: '2.0' }, method: { type: 'string', minLength: 1 }, params: anything, id: false }
  },
  JsonRpcResult: {
    type: 'object',
    required: ['jsonrpc', 'id', 'result'],
    properties: { jsonrpc: { const: '2.0' }, id: here('JsonRpcId'), result: anything }
  },
  JsonRpcErrorResponse: {
    type: 'object',
    description: 'The id is the caller\'s, or null where it was not read.',
    required: ['jsonrpc', 'id', 'error'],
    properties: { jsonrpc: { const: '2.0' }, id: { oneOf: [here('JsonRpcId'), { type: 'null' }] }, error: here('JsonRpcError') }
  },
  JsonRpcError: {
    type: 'object',
    required: ['code', 'message'],
    properties: { code: { type: 'integer' }, message: text, data: {} }
  },
  JsonRpcMessage: { oneOf: [here('JsonRpcRequest'), here('JsonRpcNotification'), here('JsonRpcResult'), here('JsonRpcErrorResponse')] },
  JsonRpcAnswer: {
    description: 'What came of a request that was admitted. An error is an answer too, with status 200.',
    oneOf: [here('JsonRpcResult'), here('JsonRpcErrorResponse')]
  }
} as const satisfies Record<string, Schema>

const TOOLS = {
  ToolCall: {
    type: 'object',
    required: ['tool_name'],
    additionalProperties: false,
    properties: {
      tool_name: { type: 'string', minLength: 1, description: 'As its server names it; at `/mcp/tools` it is `<server>__<tool>`.' },
      arguments: { type: 'object', additionalProperties: true, description: 'Held to the tool\'s own schema.' }
    }
  },
  ToolResult: {
    type: 'object',
    description: 'The tool was run. What it says of itself, an error included (`isError`), is in `result`.',
    required: ['ok', 'result'],
    properties: {
      ok: { const: true },
      result: { type: 'object', additionalProperties: true, properties: { content: { type: 'array', items: anything }, structuredContent: {}, isError: { type: 'boolean' } } }
    }
  },
  ToolFailure: {
    type: 'object',
    description: 'The tool has no result: it is unknown, was refused, or its server failed. The numbers are those of ERRORS.md.',
    required: ['ok', 'error'],
    properties: { ok: { const: false }, error: here('JsonRpcError') }
  },
  ToolOutcome: { oneOf: [here('ToolResult'), here('ToolFailure')] }
} as const satisfies Record<string, Schema>

const STATE = {
  HttpError: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message', 'request_id'],
        properties: { code: { type: 'string', pattern: '^GW_' }, message: text, request_id: { type: 'string', description: 'As in `X-Request-Id`; the log knows why.' } }
      }
    }
  },
  HealthState: { type: 'string', enum: ['healthy', 'degraded', 'unhealthy'] },
  Health: {
    type: 'object',
    required: ['status', 'version', 'timestamp', 'checks'],
    properties: {
      status: here('HealthState'),
      version: text,
      timestamp: { type: 'string', format: 'date-time' },
      checks: { type: 'object', additionalProperties: { type: 'object', required: ['status'], properties: { status: here('HealthState'), detail: text } } }
    }
  },
  Readiness: {
    type: 'object',
    required: ['status', 'reasons'],
    properties: { status: { type: 'string', enum: ['ready', 'not ready'] }, reasons: { type: 'array', items: text } }
  },
  ServerStatus: {
    type: 'object',
    required: ['name', 'state', 'transport', 'era', 'isolation', 'workers'],
    properties: {
      name: text,
      state: { type: 'string', enum: ['running', 'starting', 'idle', 'failing'], description: '`idle`: the next call starts a worker. `failing`: the last start failed.' },
      transport: text,
      era: { type: 'string', enum: ['legacy', 'modern', 'legacy, modern', 'unknown'] },
      isolation: text,
      workers: { type: 'object', required: ['running', 'starting', 'calls_in_flight'], properties: { running: { type: 'integer' }, starting: { type: 'integer' }, calls_in_flight: { type: 'integer' } } },
      last_error: { type: 'object', required: ['at', 'class'], properties: { at: { type: 'string', format: 'date-time' }, class: text } }
    }
  },
  ResourceMetadata: {
    type: 'object',
    description: 'Protected resource metadata (RFC 9728).',
    required: ['resource', 'authorization_servers', 'bearer_methods_supported', 'scopes_supported'],
    properties: {
      resource: { type: 'string', format: 'uri' },
      authorization_servers: { type: 'array', items: { type: 'string', format: 'uri' } },
      bearer_methods_supported: { type: 'array', items: text },
      scopes_supported: { type: 'array', items: text }
    }
  }
} as const satisfies Record<string, Schema>

/** `components.schemas` of the public document. */
export const SCHEMAS = { ...JSON_RPC, ...TOOLS, ...STATE } as const
