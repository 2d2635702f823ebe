import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { GatewayError, type ErrorCode } from '../../../../src/shared/errors.ts'
import type { ServerSettings } from '../../../../src/shared/settings/server.ts'
import { NotStreamable } from '../../../../src/upstream/http/not-streamable.ts'
import { openHttp } from '../../../../src/upstream/http/open-http.ts'
import { bench, discoverResult, httpWanted, initializeResult, json, legacyServer, modernServer, open, quiet, refuse, result, serve, type Received } from './http-parts.ts'

async function fails (t: TestContext, url: string, own: Partial<ServerSettings> = {}, era: 'legacy' | 'modern' = 'legacy'): Promise<{ code: ErrorCode, error: GatewayError, known: unknown }> {
  const { options, told, verdicts } = bench()
  const request = httpWanted(url, own, { era })
  let error: unknown
  await openHttp(options, request, told, verdicts, t.signal).catch((thrown: unknown) => { error = thrown })
  assert.ok(error instanceof GatewayError)
  return { code: error.code, error, known: verdicts.known(request.server) }
}

describe('opening a Streamable HTTP server', () => {
  it('finds a modern server by server/discover, with everything a modern request carries', async (t) => {
    const server = await modernServer(t, (received) => refuse(received, 500))
    const { connection } = await open(t, server.url, {}, { era: 'modern', capabilities: { sampling: {} } })
    assert.equal(connection.era, 'modern')
    assert.deepEqual(connection.initializeResult, { protocolVersion: '2026-07-28', capabilities: { tools: {} }, serverInfo: { name: 'modern test', version: '2' } })
    const [discovery] = server.received
    assert.equal(discovery?.headers['mcp-protocol-version'], '2026-07-28')
    assert.equal(discovery?.headers['mcp-method'], 'server/discover')
    assert.deepEqual(discovery?.message['params'], {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'drawbridge', version: '9.9.9' },
        'io.modelcontextprotocol/clientCapabilities': { sampling: {} }
      }
    })
  })

  it('shakes hands with a legacy server: version, session and initialized', async (t) => {
    const server = await legacyServer(t, (received) => refuse(received, 500))
    const { connection } = await open(t, server.url, {}, { capabilities: { roots: {} } })
    assert.equal(connection.era, 'legacy')
    assert.deepEqual(connection.initializeResult, initializeResult)
    const [initialize] = server.of('initialize')
    const [initialized] = server.of('notifications/initialized')
    assert.deepEqual(initialize?.message['params'], { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo: { name: 'drawbridge', version: '9.9.9' } })
    assert.equal(initialize?.headers['mcp-session-id'], undefined)
    assert.equal(initialized?.headers['mcp-session-id'], [...server.sessions][0])
    assert.equal(initialized?.headers['mcp-protocol-version'], '2025-11-25')
    assert.equal(initialized?.headers.accept, 'application/json, text/event-stream')
  })

  for (const [name, answer] of Object.entries<(received: Received) => void>({
    'an empty 400': (received) => refuse(received, 400),
    '400 with -32000': (received) => refuse(received, 400, -32000),
    '404 with a page': ({ response }) => response.writeHead(404, { 'content-type': 'text/html' }).end('<p>nothing here</p>'),
    405: (received) => refuse(received, 405),
    406: (received) => refuse(received, 406),
    '200 with -32601': (received) => json(received.response, { jsonrpc: '2.0', id: received.id, error: { code: -32601, message: 'Method not found' } }),
    '-32022 with older revisions': (received) => refuse(received, 400, -32022, { data: { supported: ['2025-11-25'], requested: '2026-07-28' } })
  })) {
    it(`goes on with initialize when server/discover is answered ${name} (A10), and remembers it`, async (t) => {
      const server = await serve(t, (received) => {
        if (received.method === 'server/discover') answer(received)
        else if (received.method === 'initialize') result(received, initializeResult)
        else refuse(received, received.verb === 'GET' ? 405 : 202)
      })
      const { connection, verdicts } = await open(t, server.url, {}, { era: 'modern' })
      assert.equal(connection.era, 'legacy')
      assert.deepEqual(verdicts.order(httpWanted(server.url).server, 'modern'), ['legacy'])
    })
  }

  it('does not count an error that only modern servers know as evidence against them', async (t) => {
    const server = await serve(t, (received) => {
      if (received.method === 'server/discover') refuse(received, 400, -32020)
      else if (received.method === 'initialize') result(received, initializeResult)
      else refuse(received, received.verb === 'GET' ? 405 : 202)
    })
    const { verdicts } = await open(t, server.url, {}, { era: 'modern' })
    assert.deepEqual(verdicts.order(httpWanted(server.url).server, 'modern'), ['modern', 'legacy'])
  })

  it('asks once more when -32022 names the revision that was asked for', async (t) => {
    let rejections = 1
    const server = await serve(t, (received) => {
      if (rejections-- > 0) refuse(received, 400, -32022, { data: { supported: ['2026-07-28'] } })
      else result(received, discoverResult)
    })
    const { connection } = await open(t, server.url, {}, { era: 'modern' })
    assert.equal(connection.era, 'modern')
    assert.equal(server.received.length, 2)
  })

  it('falls forward to a modern-only server for a legacy client, and remembers it', async (t) => {
    const server = await modernServer(t, (received) => refuse(received, 500))
    const { connection, verdicts } = await open(t, server.url, {}, { era: 'legacy' })
    assert.equal(connection.era, 'modern')
    assert.deepEqual(verdicts.order(httpWanted(server.url).server, 'legacy'), ['modern'])
  })

  it('tries a pinned era only', async (t) => {
    const server = await modernServer(t, (received) => refuse(received, 500))
    assert.equal((await fails(t, server.url, { era: 'legacy' }, 'modern')).code, 'GW_UPSTREAM_START')
    assert.deepEqual(server.received.map((one) => one.method), ['initialize'])
  })

  it('finds out anew when a server does not behave as its verdict says', async (t) => {
    const server = await modernServer(t, (received) => refuse(received, 500))
    const { options, told, verdicts } = bench()
    const request = httpWanted(server.url)
    verdicts.lacks(request.server, 'modern')
    const connection = await openHttp(options, request, told, verdicts, t.signal)
    t.after(() => connection.close())
    assert.equal(connection.era, 'modern')
  })

  for (const [status, code] of [[401, 'GW_UPSTREAM_AUTH'], [403, 'GW_UPSTREAM_AUTH'], [429, 'GW_UPSTREAM_UNAVAILABLE'], [500, 'GW_UPSTREAM_UNAVAILABLE'], [503, 'GW_UPSTREAM_UNAVAILABLE'], [302, 'GW_UPSTREAM_PROTOCOL'], [307, 'GW_UPSTREAM_PROTOCOL']] as const) {
    for (const era of ['modern', 'legacy'] as const) {
      it(`takes ${status} for no evidence of an era (${era} first): ${code}, and tries nothing else`, async (t) => {
        const canary = await serve(t, (received) => refuse(received, 200))
        const server = await serve(t, ({ response }) => response.writeHead(status, { location: canary.url, 'www-authenticate': 'Bearer x' }).end())
        const failure = await fails(t, server.url, {}, era)
        assert.equal(failure.code, code)
        assert.equal(server.received.length, 1)
        assert.equal(failure.known, undefined)
        // Redirects are not followed (T47).
        assert.equal(canary.received.length, 0)
        await quiet(server)
      })
    }
  }

  it('says which answers to initialize HTTP+SSE servers give, and nothing else', async (t) => {
    for (const status of [400, 404, 405]) {
      const server = await serve(t, (received) => refuse(received, status))
      const { error, known } = await fails(t, server.url)
      assert.ok(error instanceof NotStreamable)
      assert.equal(error.status, status)
      assert.equal(error.code, 'GW_UPSTREAM_START')
      assert.equal(known, undefined)
    }
    const server = await serve(t, (received) => refuse(received, 422))
    assert.ok(!((await fails(t, server.url)).error instanceof NotStreamable))
  })

  it('is over in time with a server that does not answer', async (t) => {
    const server = await serve(t, () => {})
    const { code } = await fails(t, server.url, { startTimeoutMs: 200 })
    assert.equal(code, 'GW_UPSTREAM_UNAVAILABLE')
    await quiet(server)
  })

  it('is unavailable where nobody listens', async (t) => {
    const listener = createServer()
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo
    await new Promise((resolve) => listener.close(resolve))
    assert.equal((await fails(t, `http://127.0.0.1:${port}/mcp`)).code, 'GW_UPSTREAM_UNAVAILABLE')
  })

  it('refuses a private address without the switch, and sends nothing (T47)', async (t) => {
    const server = await serve(t, (received) => refuse(received, 404))
    const { code, error } = await fails(t, server.url.replace('http:', 'https:'), { allowPrivateNetwork: false })
    assert.equal(code, 'GW_UPSTREAM_UNAVAILABLE')
    assert.ok(!error.message.includes('127.0.0.1'))
    assert.equal(server.sockets.size, 0)
  })

  for (const [name, value, headers] of [
    ['without a version', { capabilities: {} }, {}],
    ['with a modern version', { ...initializeResult, protocolVersion: '2026-07-28' }, {}],
    ['with a version that is no header', { ...initializeResult, protocolVersion: 'x y' }, {}],
    ['with a session id that is none', initializeResult, { 'mcp-session-id': 'a b' }]
  ] as const) {
    it(`refuses an initialize result ${name}`, async (t) => {
      const server = await serve(t, (received) => received.method === 'initialize' ? result(received, value, headers) : refuse(received, 404))
      assert.equal((await fails(t, server.url)).code, 'GW_UPSTREAM_PROTOCOL')
    })
  }

  for (const stuck of ['initialize', 'notifications/initialized', 'server/discover']) {
    it(`ends with the reason of the signal, and without a connection, while ${stuck} is not answered`, async (t) => {
      const server = await serve(t, (received) => {
        if (received.method === stuck) return
        if (received.method === 'initialize') result(received, initializeResult, { 'mcp-session-id': 'abc' })
        else refuse(received, received.verb === 'DELETE' ? 204 : 404)
      })
      const { options, told, verdicts } = bench()
      const abort = new AbortController()
      const request = httpWanted(server.url, { startTimeoutMs: 60_000 }, { era: stuck === 'server/discover' ? 'modern' : 'legacy' })
      const opening = openHttp(options, request, { ...told, failed: ({ stopped }) => { t.after(() => stopped) } }, verdicts, abort.signal)
      await server.got(stuck, (one) => one.method === stuck)
      const reason = new GatewayError('GW_DRAINING')
      abort.abort(reason)
      await assert.rejects(opening, reason)
      // A session that stood was ended.
      if (stuck === 'notifications/initialized') assert.equal((await server.got('DELETE', (one) => one.verb === 'DELETE')).headers['mcp-session-id'], 'abc')
      await quiet(server)
    })
  }

  it('starts nothing when the signal came first', async (t) => {
    const server = await serve(t, (received) => refuse(received, 404))
    const { options, told, verdicts } = bench()
    await assert.rejects(openHttp(options, httpWanted(server.url), told, verdicts, AbortSignal.abort(new GatewayError('GW_CANCELLED'))), { code: 'GW_CANCELLED' })
    assert.equal(server.received.length, 0)
  })
})
