/** What crosses between a caller's HTTP and a server's HTTP is messages and nothing else, in both directions (T14, T49), and secrets of an entry stay in it (T58). */
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import { responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { openSseWire } from '../helpers/sse-wire.ts'
import { until } from '../helpers/until.ts'
import { entryOf, faultsOf, fullLegacyServer, fullModernServer, json, listen, refuse, result, serve, textResult, type Received, type TestServer } from './upstream-parts.ts'

/** What callers send that is about themselves or their way here. */
const CALLERS = {
  cookie: 'CANARY-cookie=1',
  'x-forwarded-for': '203.0.113.7, CANARY',
  'x-forwarded-host': 'CANARY.example',
  'x-forwarded-proto': 'https',
  'x-forwarded-user': 'CANARY-user',
  forwarded: 'for=CANARY',
  'x-real-ip': '203.0.113.7',
  via: '1.1 CANARY',
  'user-agent': 'CANARY-agent/1',
  referer: 'http://127.0.0.1/CANARY',
  'proxy-authorization': 'Basic CANARY',
  'x-user-id': 'CANARY',
  'x-request-id': 'CANARY-request',
  'x-amz-security-token': 'CANARY',
  'cf-access-jwt-assertion': 'CANARY',
  'accept-language': 'CANARY',
  'last-event-id': 'CANARY',
  'mcp-param-secret': 'CANARY',
  'x-anything-at-all': 'CANARY'
}
const SECRETS = { authorization: 'Bearer SECRET-of-the-entry', 'x-api-key': 'SECRET-key-of-the-entry' }
/** As a configuration file writes it; the gateway expands it. */
const ENTRY_AUTHORIZATION = 'Bearer $' + '{ENTRY_TOKEN}'
const PROTOCOL_HEADERS = new Set(['host', 'connection', 'content-length', 'content-type', 'accept', 'accept-encoding', 'user-agent', 'mcp-protocol-version', 'mcp-session-id', 'mcp-method', 'mcp-name', 'transfer-encoding'])

/** Headers that no server may put on our answers. */
const HOSTILE = {
  'set-cookie': 'HOSTILE=1; Path=/',
  'www-authenticate': 'Bearer resource_metadata="https://HOSTILE.example/.well-known"',
  'proxy-authenticate': 'Basic realm="HOSTILE"',
  location: 'https://HOSTILE.example/',
  refresh: '0; url=https://HOSTILE.example/',
  'access-control-allow-origin': 'https://HOSTILE.example',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'HOSTILE',
  'mcp-session-id': 'HOSTILE-session',
  'mcp-protocol-version': '2026-07-28',
  'alt-svc': 'h2="HOSTILE.example:443"',
  'strict-transport-security': 'max-age=1; HOSTILE',
  'clear-site-data': '"*"',
  'content-security-policy': 'default-src HOSTILE',
  link: '<https://HOSTILE.example>; rel=preload',
  'x-request-id': 'HOSTILE',
  'x-hostile': 'HOSTILE',
  server: 'HOSTILE',
  'retry-after': '31337'
}

/** A server of HTTP+SSE; calls are `handle`'s, which returns the result. */
async function sseServer (t: TestContext, onRequest: (headers: IncomingHttpHeaders) => void): Promise<{ url: string }> {
  const { port } = await listen(t, (request, response) => {
    onRequest(request.headers)
    if (request.method === 'GET') {
      response.writeHead(200, { ...HOSTILE, 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages?id=1\n\n')
      streams.push((message) => response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`))
      return
    }
    let body = ''
    request.on('data', (piece: Buffer) => { body += String(piece) }).on('end', () => {
      response.writeHead(202, HOSTILE).end()
      const { id, method } = JSON.parse(body) as { id?: number, method: string }
      const answers: Record<string, unknown> = { initialize: { protocolVersion: '2024-11-05', capabilities: { tools: {} }, serverInfo: { name: 'sse', version: '1' } }, 'tools/list': { tools: [] }, 'tools/call': textResult('fine') }
      if (id !== undefined) streams.at(-1)?.({ id, result: answers[method] ?? {} })
    })
  })
  const streams: Array<(message: object) => void> = []
  return { url: `http://127.0.0.1:${port}/sse` }
}

/** Every way in which a client can ask, once each. */
async function everyFace (t: TestContext, gateway: TestGateway, server: string): Promise<{ modern: ModernWire, legacy: LegacyWire, answers: Exchange[] }> {
  const { bearer } = gateway.keyOf('alice')
  const modern = createModernWire(`${gateway.url}/servers/${server}/mcp`, { ...bearer, ...CALLERS })
  const legacy = gateway.wire('alice', server)
  t.after(() => { modern.close() })
  await legacy.open({ headers: CALLERS })
  const params = { name: 'x', arguments: {} }
  const answers = [
    await modern.begin('tools/call', params, { id: 1 }),
    await modern.begin('tools/list', {}, { id: 1 }),
    await legacy.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, CALLERS),
    await legacy.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, CALLERS),
    await send(`${gateway.url}/servers/${server}/tools`, { body: { tool_name: 'x' }, headers: { ...bearer, ...CALLERS } })
  ]
  for (const answer of answers.slice(0, 4)) await responseOf(answer, 1)
  const old = await openSseWire(`${gateway.url}/servers/${server}/sse`, { ...bearer, ...CALLERS })
  await old.request('tools/call', params)
  old.stream.cut()
  return { modern, legacy, answers: [...answers, old.stream] }
}

/** Everything that a caller is shown, headers first; without ids of requests, and UUIDs, in which any five digits may come by chance. */
const shown = (answer: Exchange): string => (JSON.stringify(answer.headers) + answer.body()).replaceAll(/\b(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/g, 'an id')

/** A hostile server that otherwise behaves, or refuses calls with a status. */
function hostile (status: () => number): (received: Received) => void {
  return (received) => {
    const isCall = received.method === 'tools/call'
    if (!isCall) return result(received, { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' }, HOSTILE)
    if (status() === 200) return result(received, textResult('fine'), HOSTILE)
    json(received.response, { error: { code: 1, message: 'HOSTILE page' } }, status(), HOSTILE)
  }
}

describe('headers', () => {
  it('of a caller end here, whatever the client and the server speak; the entry\'s own are all that a server sees besides (T14)', async (t) => {
    const seen: IncomingHttpHeaders[] = []
    const handle = (received: Received): void => result(received, received.method === 'tools/list' ? { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' } : textResult('fine'))
    const servers: Record<string, TestServer> = { modern: await fullModernServer(t, handle), legacy: await fullLegacyServer(t, handle) }
    const sse = await sseServer(t, (headers) => seen.push(headers))
    const gateway = await startGateway({
      env: { ENTRY_TOKEN: SECRETS.authorization.slice(7) },
      config: {
        mcpServers: {
          ...Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, entryOf(server, { headers: { Authorization: ENTRY_AUTHORIZATION, 'X-Api-Key': SECRETS['x-api-key'] } })])),
          sse: entryOf(sse, { type: 'sse', headers: { Authorization: ENTRY_AUTHORIZATION, 'X-Api-Key': SECRETS['x-api-key'] } })
        },
        limits: roomyLimits
      }
    })
    t.after(() => gateway.stop())
    const sessionIds: string[] = []
    for (const name of [...Object.keys(servers), 'sse']) {
      const { legacy } = await everyFace(t, gateway, name)
      sessionIds.push(legacy.sessionId ?? '?')
    }
    for (const server of Object.values(servers)) seen.push(...server.received.map(({ headers }) => headers))
    assert.ok(seen.length > 20)
    for (const headers of seen) {
      const { authorization, 'x-api-key': apiKey, ...rest } = headers
      assert.deepEqual({ authorization, 'x-api-key': apiKey }, SECRETS)
      assert.deepEqual(Object.keys(rest).filter((name) => !PROTOCOL_HEADERS.has(name)), [])
      assert.match(String(rest['user-agent']), /^drawbridge\//)
      for (const canary of ['CANARY', '203.0.113.7', gateway.keyOf('alice').text, ...sessionIds]) assert.ok(!JSON.stringify(headers).includes(canary), `${canary} in ${JSON.stringify(headers)}`)
    }
    const bodies = Object.values(servers).flatMap(({ received }) => received.map(({ message }) => JSON.stringify(message))).join('\n')
    for (const canary of ['CANARY', gateway.keyOf('alice').text.slice(-20), ...sessionIds]) assert.ok(!bodies.includes(canary), canary)
    t.diagnostic(`${seen.length} requests looked at`)
  })

  it('of a server end here, with a good answer and with every refusal; a refusal is an error in a 200 (T49)', async (t) => {
    let status = 200
    const modern = await fullModernServer(t, hostile(() => status))
    const legacy = await serve(t, (received) => {
      if (received.method === 'server/discover') refuse(received, 400, -32000)
      else if (received.method === 'initialize') result(received, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } }, HOSTILE)
      // Only its own session id counts, and only from initialize.
      else if (received.headers['mcp-session-id'] !== HOSTILE['mcp-session-id']) refuse(received, 500)
      else if (received.verb !== 'POST') refuse(received, 405)
      else if (received.id === undefined) refuse(received, 202)
      else hostile(() => status)(received)
    })
    const sse = await sseServer(t, () => {})
    const gateway = await startGateway({ config: { mcpServers: { modern: entryOf(modern), legacy: entryOf(legacy), sse: entryOf(sse, { type: 'sse' }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const ours = (await send(`${gateway.url}/servers/modern/mcp`, { body: {}, headers: {} })).headers['www-authenticate']
    assert.match(String(ours), /^Bearer/)
    for (const server of ['modern', 'legacy', 'sse']) {
      const { answers } = await everyFace(t, gateway, server)
      for (const answer of answers) {
        assert.equal(answer.status, 200)
        assert.doesNotMatch(shown(answer), /HOSTILE|31337/i)
        for (const name of ['set-cookie', 'www-authenticate', 'location', 'access-control-allow-origin', 'mcp-session-id', 'clear-site-data', 'alt-svc']) assert.equal(answer.headers[name], undefined, name)
      }
    }
    for (const server of ['modern', 'legacy']) {
      const wire = createModernWire(`${gateway.url}/servers/${server}/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      const session = gateway.wire('alice', server)
      status = 200
      await session.open()
      assert.equal(textOf(await wire.call('x')), 'fine')
      for (status of [301, 302, 303, 307, 308, 401, 403, 407, 418, 500, 502]) {
        for (const answer of [await wire.begin('tools/call', { name: 'x', arguments: {} }, { id: 'mine' }), await session.post({ jsonrpc: '2.0', id: 'mine', method: 'tools/call', params: { name: 'x', arguments: {} } })]) {
          const { error } = await responseOf(answer, 'mine')
          assert.deepEqual([answer.status, error?.code], [200, 50201], `${server} ${status} ${answer.body()}`)
          assert.doesNotMatch(shown(answer), /HOSTILE|31337/i)
          assert.equal(answer.headers['www-authenticate'], undefined)
        }
      }
    }
    // Our own challenge and metadata are untouched by all this.
    assert.equal((await send(`${gateway.url}/servers/modern/mcp`, { body: {}, headers: {} })).headers['www-authenticate'], ours)
    assert.deepEqual(faultsOf(gateway), [])
  })

  it('a redirect is not followed: neither the place it names nor the request\'s credential is heard of there (T47)', async (t) => {
    const elsewhere: unknown[] = []
    const canary = await listen(t, (request, response) => {
      elsewhere.push(request.headers)
      response.end()
    })
    const server = await serve(t, ({ response }) => response.writeHead(307, { location: `http://127.0.0.1:${canary.port}/mcp` }).end())
    const gateway = await startGateway({ config: { mcpServers: { moved: entryOf(server, { headers: SECRETS }), movedSse: entryOf(server, { type: 'sse', headers: SECRETS }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    for (const name of ['moved', 'movedSse']) {
      const wire = createModernWire(`${gateway.url}/servers/${name}/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      assert.equal((await wire.call('x', {}, { id: 5 })).error?.code, 50201)
    }
    assert.deepEqual(elsewhere, [])
  })
})

describe('secrets of an entry', () => {
  it('are in no answer, log line, status, metric or error, also when its server sends them back (T58)', async (t) => {
    let mode: 'good' | 'echo' | 'refuse' = 'good'
    const server = await fullModernServer(t, (received) => {
      if (received.method === 'tools/list') return result(received, { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' })
      if (mode === 'good') return result(received, textResult('fine'))
      // Into the status line's reason, the headers and a page, as servers that dump requests do.
      received.response.writeHead(mode === 'refuse' ? 401 : 502, String(received.headers.authorization), { 'content-type': 'text/html', 'x-echo': String(received.headers.authorization) }).end(JSON.stringify(received.headers))
    })
    const dead = await serve(t, ({ response }) => response.destroy())
    const gateway = await startGateway({
      env: { DRAWBRIDGE_MANAGEMENT_TOKEN: 'management-token-of-the-test-0123456789', LOG_LEVEL: 'trace' },
      config: {
        mcpServers: {
          dumping: entryOf(server, { headers: SECRETS }),
          dead: entryOf({ url: `${dead.url}?key=SECRET-in-the-query` }, { headers: SECRETS })
        },
        limits: roomyLimits
      }
    })
    t.after(() => gateway.stop())
    const told: string[] = []
    for (const name of ['dumping', 'dead']) {
      const wire = createModernWire(`${gateway.url}/servers/${name}/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      for (mode of ['good', 'echo', 'refuse'] as const) {
        const answer = await wire.begin('tools/call', { name: 'x', arguments: {} })
        await answer.ended
        told.push(shown(answer))
      }
    }
    const management = { authorization: 'Bearer management-token-of-the-test-0123456789' }
    for (const url of [`${gateway.url}/status`, `${gateway.url}/health`]) told.push(shown(await send(url, { headers: gateway.keyOf('alice').bearer })))
    for (const path of ['/metrics', '/admin/servers/dumping', '/admin/servers/dead']) {
      const answer = await send(gateway.managementUrl + path, { headers: management })
      assert.equal(answer.status, 200, path)
      told.push(shown(answer))
    }
    await until('the calls are in the log', () => gateway.logs().length >= 5)
    told.push(gateway.output())
    for (const text of told) assert.doesNotMatch(text, /SECRET-/)
  })
})
