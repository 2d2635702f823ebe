/** Modern requests are judged as the official SDK judges them, in the same order (MCP 2026-07-28 server validation; T35). */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { disagreeingParam, encodeHeaderValue, isModern, META, mirroredParams, readModern, type JsonObject, type RequestHeaders } from '../../src/protocol/index.ts'
import { importClient, missing } from '../helpers/programs.ts'

/** The parts of the SDK's server that are asked here. */
interface Sdk {
  createMcpHandler (factory: () => unknown, options: object): { fetch (request: Request): Promise<Response> }
  isLegacyRequest (request: Request): Promise<boolean>
  fromJsonSchema (schema: object): unknown
  McpServer: new (info: object) => { registerTool (name: string, config: object, run: () => object): void }
}

const SCHEMA = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    nested: { type: 'object', properties: { count: { type: 'integer', 'x-mcp-header': 'Count' } } },
    on: { type: 'boolean', 'x-mcp-header': 'On' }
  }
}

const GOOD = { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} }

/** `_meta` in ways that matter, by name. What breaks the SDK's schema of JSON-RPC itself it calls -32600, and is left out. */
const METAS: Readonly<Record<string, unknown>> = {
  absent: undefined,
  empty: {},
  good: GOOD,
  full: { ...GOOD, [META.clientInfo]: { name: 'x', version: '1' }, [META.logLevel]: 'info', progressToken: 1, 'com.example/x': 1 },
  future: { ...GOOD, [META.protocolVersion]: 'v999.0.0' },
  older: { ...GOOD, [META.protocolVersion]: '2025-11-25' },
  'no string': { ...GOOD, [META.protocolVersion]: 7 },
  'no capabilities': { [META.protocolVersion]: '2026-07-28' },
  'no version': { [META.clientCapabilities]: {} },
  'odd capabilities': { ...GOOD, [META.clientCapabilities]: { sampling: true } },
  'odd client': { ...GOOD, [META.clientInfo]: { name: 'x' } },
  'odd level': { ...GOOD, [META.logLevel]: 'trace' }
}
const VERSIONS = [undefined, '2026-07-28', '2025-11-25', '2031-01-01']
const METHODS = ['tools/list', 'tools/call', 'ping', 'initialize', 'no/such']
const METHOD_HEADERS = ['same', undefined, 'TOOLS/LIST']
const NAMES = ['echo', undefined, 'other', encodeHeaderValue('echo\n'), '=?base64?ZWNobw==?=', '=?base64?ZWNobw?=', 'echo, echo', ' echo ']

interface Vector {
  readonly method: string
  readonly params: JsonObject
  readonly headers: RequestHeaders
}

function * vectors (): Generator<readonly [string, Vector]> {
  for (const [metaName, meta] of Object.entries(METAS)) {
    for (const version of VERSIONS) {
      for (const method of METHODS) {
        for (const header of METHOD_HEADERS) {
          for (const name of method === 'tools/call' ? NAMES : [undefined]) {
            const headers = { 'mcp-protocol-version': version, 'mcp-method': header === 'same' ? method : header, 'mcp-name': name }
            const params: JsonObject = { ...(method === 'tools/call' ? { name: 'echo', arguments: {} } : {}), ...(meta === undefined ? {} : { _meta: meta }) }
            yield [`${method}, _meta ${metaName}, headers ${JSON.stringify(headers)}`, { method, params, headers }]
          }
        }
      }
    }
  }
}

function httpRequest ({ method, params, headers }: Vector): Request {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return new Request('http://localhost/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...Object.fromEntries(given) },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
}

/** `legacy`, or the status and JSON-RPC code of the answer; code 0 = a result. */
type Verdict = 'legacy' | `${number} ${number}`

function ours ({ method, params, headers }: Vector): Verdict {
  const request = { kind: 'request', id: 1, method, params } as const
  if (!isModern(request, headers)) return 'legacy'
  const read = readModern(request, headers)
  if (!read.ok) return `${read.error.row.status} ${read.error.row.rpcCode}`
  if (method === 'no/such') return '404 -32601'
  const mirrored = mirroredParams(SCHEMA)
  assert.ok(mirrored.ok)
  const disagrees = method === 'tools/call' && disagreeingParam(mirrored.value, params['arguments'], headers) !== undefined
  return disagrees ? '400 -32020' : '200 0'
}

describe('the SDK as oracle', { skip: missing('clients') }, () => {
  let theirs: (vector: Vector) => Promise<Verdict>

  before(async () => {
    const sdk = await importClient<Sdk>('@modelcontextprotocol/server/dist/index.mjs')
    const handler = sdk.createMcpHandler(() => {
      const server = new sdk.McpServer({ name: 'oracle', version: '1' })
      server.registerTool('echo', { inputSchema: sdk.fromJsonSchema(SCHEMA) }, () => ({ content: [] }))
      return server
    }, { legacy: 'reject' })
    theirs = async (vector) => {
      if (await sdk.isLegacyRequest(httpRequest(vector))) return 'legacy'
      const answer = await handler.fetch(httpRequest(vector))
      const { error } = await answer.json() as { error?: { code: number } }
      return `${answer.status} ${error?.code ?? 0}`
    }
  })

  it('eras, refusals and their order', async () => {
    const seen = new Set<Verdict>()
    const different: string[] = []
    for (const [what, vector] of vectors()) {
      const expected = await theirs(vector)
      seen.add(expected)
      if (ours(vector) !== expected) different.push(`${what}: ${ours(vector)}, and by the SDK ${expected}`)
    }
    assert.deepEqual(different.slice(0, 20), [])
    assert.deepEqual([...seen].sort(), ['200 0', '400 -32020', '400 -32022', '400 -32602', '404 -32601', 'legacy'])
  })

  it('mirrored arguments', async () => {
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' }
    const argumentsSent = [{}, { region: 'eu' }, { region: 'é' }, { region: '' }, { nested: { count: 42 } }, { on: false }]
    const sent = [
      {}, { 'mcp-param-region': 'eu' }, { 'mcp-param-region': 'EU' }, { 'mcp-param-region': encodeHeaderValue('é') }, { 'mcp-param-region': '=?base64?w6?=' }, { 'mcp-param-region': '' },
      { 'mcp-param-count': '42' }, { 'mcp-param-count': '42.0' }, { 'mcp-param-count': '43' }, { 'mcp-param-count': 'x' }, { 'mcp-param-on': 'false' }, { 'mcp-param-on': 'true' }, { 'mcp-param-unknown': 'x' }
    ]
    const seen = new Set<Verdict>()
    for (const args of argumentsSent) {
      for (const mirrored of sent) {
        const vector = { method: 'tools/call', params: { name: 'echo', arguments: args, _meta: GOOD }, headers: { ...headers, ...mirrored } }
        const expected = await theirs(vector)
        seen.add(expected)
        assert.equal(ours(vector), expected, JSON.stringify([args, mirrored]))
      }
    }
    assert.deepEqual([...seen].sort(), ['200 0', '400 -32020'])
  })
})
