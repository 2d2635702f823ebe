import assert from 'node:assert/strict'
import { test } from 'node:test'
import { META } from '../../src/protocol/index.ts'
import { ACCEPT_BOTH } from '../helpers/legacy-wire.ts'
import { rawSend } from '../plugins/raw-http.ts'
import { fixture, startRoutes } from '../routes/routes-parts.ts'

/** On every answer (R14); `…` varies. */
const STANDING = [
  'cache-control: no-store', "content-security-policy: default-src 'none';frame-ancestors 'none'", 'cross-origin-resource-policy: same-origin', 'date: …',
  'referrer-policy: no-referrer', 'strict-transport-security: max-age=31536000; includeSubDomains', 'vary: Origin', 'x-content-type-options: nosniff', 'x-frame-options: DENY', 'x-request-id: …'
]
const KEPT = ['connection: keep-alive', 'keep-alive: timeout=75']
const SIZED = ['content-length: …']
const JSON_SIZED = ['content-type: application/json; charset=utf-8', ...SIZED]
const STREAMED = ['content-type: text/event-stream; charset=utf-8', 'transfer-encoding: chunked', 'x-accel-buffering: no']
const PAGE = 'https://page.test'
const SHARED = [
  `access-control-allow-origin: ${PAGE}`,
  'access-control-expose-headers: Mcp-Session-Id, X-Request-Id, WWW-Authenticate, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset'
]
const VARYING = new Set(['x-request-id', 'date', 'content-length', 'mcp-session-id'])

const MCP = '/servers/echo/mcp'
const INITIALIZE = { jsonrpc: '2.0', id: 'i', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'pins', version: '1' } } }
const call = (name: string, args: object, meta?: object): object => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) } })
const MODERN_META = { [META.protocolVersion]: '2026-07-28', [META.clientInfo]: { name: 'pins', version: '1' }, [META.clientCapabilities]: {} }
const MODERN = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'echo' }

/** The first head, line by line: a client that joins repeated headers, or keeps one of them, would hide that there are two. */
function headOf (text: string): { readonly status: number, readonly lines: string[] } {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const read = lines.map((line) => {
    const [name = '', ...value] = line.split(': ')
    return `${name.toLowerCase()}: ${VARYING.has(name.toLowerCase()) ? '…' : value.join(': ')}`
  })
  assert.match(statusLine, /^HTTP\/1\.1 \d{3} [A-Z]/)
  const bytes = /^content-length: (\d+)$/im.exec(lines.join('\n'))?.[1]
  if (bytes !== undefined) assert.match(text.slice(end + 4 + Number(bytes)), /^HTTP\/1\.1 200 OK\r\n/)
  return { status: Number(statusLine.split(' ')[1]), lines: read.sort() }
}

test('answers carry exactly these headers, however they are written', async (t) => {
  const { edge, headers } = await startRoutes(t, {
    servers: { echo: fixture('echo.mjs') },
    change: ({ settings }) => ({ settings: { ...settings, http: { ...settings.http, allowedOrigins: [PAGE] } } })
  })
  const key = headers()
  /** The whole head of the first answer; a second request, pipelined, has the connection closed. */
  const ask = async (method: string, path: string, extra: Readonly<Record<string, string>>, body?: unknown): Promise<string> => {
    // rawSend writes characters as bytes.
    const text = body === undefined ? '' : Buffer.from(JSON.stringify(body)).toString('latin1')
    const sent = { host: 'localhost', ...(body === undefined ? {} : { 'content-type': 'application/json', accept: ACCEPT_BOTH, 'content-length': String(text.length) }), ...extra }
    const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    return (await rawSend(edge.port, [`${method} ${path} HTTP/1.1\r\n${lines}\r\n${text}GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`])).text
  }
  const opened = await ask('POST', MCP, key, INITIALIZE)
  const session = { ...key, 'mcp-session-id': /^mcp-session-id: (.*)\r$/im.exec(opened)?.[1] ?? '' }
  const expected: Readonly<Record<string, readonly [answer: string, status: number, headers: readonly string[]]>> = {
    initialize: [opened, 200, [...STANDING, ...JSON_SIZED, ...KEPT, 'mcp-session-id: …']],
    notification: [await ask('POST', MCP, session, { jsonrpc: '2.0', method: 'notifications/initialized' }), 202, [...STANDING, ...SIZED, ...KEPT]],
    'a call': [await ask('POST', MCP, session, call('echo', { text: 'é' })), 200, [...STANDING, ...JSON_SIZED, ...KEPT]],
    'a call that is answered at length': [await ask('POST', MCP, session, call('echo', { text: 'x'.repeat(70_000) })), 200, [...STANDING, ...JSON_SIZED, ...KEPT]],
    'a call of a page': [await ask('POST', MCP, { ...session, origin: PAGE }, call('echo', { text: 'a' })), 200, [...STANDING, ...JSON_SIZED, ...KEPT, ...SHARED]],
    'a call that takes long': [await ask('POST', MCP, session, call('sleep', { ms: 1200, text: 'a' })), 200, [...STANDING.with(0, 'cache-control: no-cache, no-transform'), ...STREAMED, ...KEPT]],
    'a modern call': [await ask('POST', MCP, { ...key, ...MODERN }, call('echo', { text: 'a' }, MODERN_META)), 200, [...STANDING, ...JSON_SIZED, ...KEPT]],
    'a modern fault': [await ask('POST', MCP, { ...key, ...MODERN, 'Mcp-Name': 'other' }, call('echo', { text: 'a' }, MODERN_META)), 400, [...STANDING, ...JSON_SIZED, ...KEPT]],
    'no such session': [await ask('POST', MCP, { ...session, 'mcp-session-id': 'x' }, call('echo', { text: 'a' })), 404, [...STANDING, ...JSON_SIZED, ...KEPT]],
    'no credential': [await ask('POST', MCP, {}, INITIALIZE), 401, [...STANDING, ...JSON_SIZED, ...KEPT, 'www-authenticate: Bearer']],
    'no such path': [await ask('GET', '/nothing', key), 404, [...STANDING, ...JSON_SIZED, ...KEPT]],
    'no such method': [await ask('PUT', MCP, key), 405, [...STANDING, ...JSON_SIZED, ...KEPT, 'allow: POST, GET, DELETE']],
    unroutable: [await ask('GET', '/%zz', key), 400, [...STANDING.filter((line) => line !== 'vary: Origin'), ...JSON_SIZED, ...KEPT]],
    'the end of the session': [await ask('DELETE', MCP, session), 204, [...STANDING, ...KEPT]]
  }
  assert.ok(Buffer.from(expected['a call']?.[0] ?? '', 'latin1').toString().includes('"é"'))
  for (const [name, [answer, status, lines]] of Object.entries(expected)) {
    assert.deepEqual(headOf(answer), { status, lines: [...lines].sort() }, name)
  }
})
