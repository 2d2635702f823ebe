/** Requests spelled in every odd way, by somebody with a valid key: each means exactly one thing, or nothing (T05, T28, T29, T36, T59). */
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, createLegacyWire, textOf } from '../helpers/legacy-wire.ts'
import { liveHeapBytes, WITH_INSPECTOR } from '../helpers/live-heap.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { rawSend, type RawAnswer } from '../plugins/raw-http.ts'

const initialize = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })

describe('the edge, with a valid key', () => {
  let gateway: TestGateway
  let port: number
  before(async () => {
    gateway = await startGateway({
      env: WITH_INSPECTOR,
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'reader', scopes: ['tools:read'] }],
      config: { mcpServers: { probe: probe(), turns: probe({ interactive: true }), 'My Notes (ä)': probe() }, limits: roomyLimits }
    })
    port = Number(new URL(gateway.url).port)
  })
  after(() => gateway.stop())

  interface RawOptions { readonly key?: boolean, readonly body?: string }
  /** One request on a connection of its own, closed after it. */
  const raw = (line: string, { key = true, body = '' }: RawOptions = {}): Promise<RawAnswer> => {
    const credential = key ? `Authorization: ${gateway.keyOf('alice').bearer.authorization}\r\n` : ''
    const length = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
    return rawSend(port, `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${credential}Accept: */*\r\n${length}Connection: close\r\n\r\n${body}`)
  }

  it('serves a path in its own spelling, and no other path as if it were one', async () => {
    const served = ['/servers/probe/mcp', '/servers/%70robe/mcp', '/servers/probe', '/servers/probe/', '/servers/probe/mcp?x=1', `http://127.0.0.1:${port}/servers/probe/mcp`, '/servers/My%20Notes%20(%C3%A4)/mcp']
    for (const target of served) assert.deepEqual((await raw(`POST ${target}`, { body: initialize })).statuses, [200], target)
    const refused: Readonly<Record<string, number>> = {
      '//servers/probe/mcp': 404,
      '/servers//probe/mcp': 404,
      '/servers/probe//mcp': 404,
      '/Servers/probe/mcp': 404,
      '/servers/Probe/mcp': 404,
      '/servers/probe/MCP': 404,
      '/servers/probe%2fmcp': 404,
      '/servers%2fprobe/mcp': 404,
      '/servers/./probe/mcp': 404,
      '/servers/x/../probe/mcp': 404,
      '/servers/%2e%2e/probe/mcp': 404,
      '/servers/probe;a=b/mcp': 404,
      '/servers/probe%00/mcp': 404,
      '/servers/probe%0d%0aX-Evil:1/mcp': 404,
      '/servers/%E2%80%A8/mcp': 404,
      '/servers/__proto__/mcp': 404,
      '/servers/constructor/mcp': 404,
      '/servers/My%2520Notes%2520(%25C3%25A4)/mcp': 404,
      '/servers/%zz/mcp': 400,
      'http://evil.example/servers/probe/mcp': 421,
      'http://127.0.0.1@evil.example/servers/probe/mcp': 421,
      '*': 421
    }
    for (const [target, status] of Object.entries(refused)) {
      const answer = await raw(`POST ${target}`, { body: initialize })
      assert.deepEqual(answer.statuses, [status], target)
      assert.doesNotMatch(answer.text, /x-evil|mcp-session-id/i)
    }
  })

  it('a server whose name had to be changed is one server under both names', async () => {
    const names = (JSON.parse((await send(`${gateway.url}/status`, { headers: gateway.keyOf('alice').bearer })).body()) as { servers: Array<{ name: string }> }).servers.map(({ name }) => name)
    const slug = names.find((name) => name.startsWith('My')) ?? ''
    assert.match(slug, /^[A-Za-z0-9-]+$/)
    const wire = gateway.wire('alice', '/servers/My%20Notes%20(%C3%A4)/mcp')
    await wire.open()
    const again = createLegacyWire(`${gateway.url}/servers/${slug}/mcp`, { ...gateway.keyOf('alice').bearer })
    again.sessionId = wire.sessionId
    assert.equal(textOf(await again.call('echo', { text: 'one' })), 'one')
    again.close()
  })

  it('no verb but those of the table does anything, with a key or without', async () => {
    for (const verb of ['HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'LINK', 'M-SEARCH']) {
      for (const path of ['/mcp', '/servers/probe/mcp', '/servers/probe/sse', '/servers/probe/tools', '/status']) {
        assert.deepEqual((await raw(`${verb} ${path}`, { key: false })).statuses, [401], `${verb} ${path}`)
        const { statuses, text } = await raw(`${verb} ${path}`)
        assert.ok(statuses.length === 1 && [404, 405].includes(statuses[0] ?? 0), `${verb} ${path}: ${statuses.join()}`)
        // TRACE would send the credential back.
        assert.ok(!text.includes(gateway.keyOf('alice').text))
      }
    }
    for (const key of [true, false]) assert.deepEqual((await raw('CONNECT evil.example:443', { key })).statuses, [])
  })

  it('an upgrade is not taken up: the request is served, or refused, as the HTTP/1.1 it is, and nothing behind it is read (T28)', async () => {
    const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n'
    const socket = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const { authorization } = gateway.keyOf('alice').bearer
    const cases: ReadonlyArray<readonly [line: string, headers: string, status: number]> = [
      ['GET /servers/probe/mcp', '', 401], ['GET /servers/probe/mcp', `Authorization: ${authorization}\r\n`, 400], ['GET /live', '', 200], ['GET /servers/%zz/mcp', '', 400]
    ]
    for (const [line, headers, status] of cases) {
      for (const upgrade of [h2c, socket]) {
        const request = `${line} HTTP/1.1\r\nHost: localhost\r\n${headers}${upgrade}\r\n`
        // Half of the next request in the same piece, the other half later: it must not be read as a request of its own.
        const { statuses, closed } = await rawSend(port, [`${request}GET /live HTTP/1.1\r\nHost: localhost\r\nX: `, 'GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n'])
        assert.deepEqual([statuses, closed], [[status], true], `${line} ${upgrade}`)
      }
    }
    assert.deepEqual((await rawSend(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).statuses, [400])
  })

  it('after a refusal the connection goes on, and the next request gets its own answer (T28)', async () => {
    const { authorization } = gateway.keyOf('alice').bearer
    const one = (path: string, credential: string): string => `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${credential}Content-Type: application/json\r\nContent-Length: ${initialize.length}\r\n\r\n${initialize}`
    const closing = 'GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    const mine = `Authorization: ${authorization}\r\n`
    const { statuses } = await rawSend(port, [one('/servers/nope/mcp', mine), one('/servers/probe/mcp', ''), one('/servers/probe/mcp', `${mine}X-API-Key: x\r\n`), one('/servers/probe/mcp', mine), closing])
    assert.deepEqual(statuses, [404, 401, 400, 200, 200])
  })

  it('nothing that a caller writes gets into a header or out of an event', async () => {
    const evil = 'x"\r\nX-Evil: 1\r\n\r\ndata: {}\n\nevent: endpoint\u2028'
    const reader = gateway.wire('reader', 'probe')
    await reader.open()
    const refused = await reader.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: evil } }, { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' })
    await refused.ended
    assert.equal(refused.status, 403)
    assert.equal(refused.headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="tools:call"')
    assert.equal(refused.headers['x-evil'], undefined)

    for (const id of ['%0d%0aX-Evil:%201', 'x%0a%0aevent:%20endpoint', '&session_id=', '[]']) {
      const answer = await raw(`POST /servers/probe/messages/?session_id=${id}`, { body: initialize })
      assert.ok([400, 404].includes(answer.statuses[0] ?? 0), id)
      assert.doesNotMatch(answer.text, /evil|endpoint/i)
    }

    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    const stream = await wire.listen('\u0085.0.0')
    const echoed = await wire.post({ jsonrpc: '2.0', id: evil, method: 'tools/call', params: { name: 'progress', arguments: { steps: 1, label: evil }, _meta: { progressToken: evil } } })
    await echoed.ended
    assert.equal(echoed.isSse, true)
    assert.deepEqual(echoed.events.map(({ event }) => event), [undefined, 'message', 'message'])
    assert.deepEqual(echoed.messages().map(({ id, params }) => id ?? params?.['progressToken']), [evil, evil])
    assert.equal(textOf(echoed.messages()[1] ?? {}), `done ${evil}`)
    stream.cut()
  })

  it('tools named like members of every object are tools like others, with deadlines and limits of their own (T36)', async () => {
    const wire = gateway.wire('alice', 'turns')
    await wire.open()
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf']) {
      // One call at a time: the second waits while the first runs, for as long as the server's own deadline lets it.
      const [, { error }] = await Promise.all([wire.call('echo', { text: 'x', delayMs: 100 }), wire.call(name)])
      assert.deepEqual([error?.code, error?.message], [-32602, 'Unknown tool.'])
    }
    assert.equal((await wire.request('constructor')).error?.code, -32601)
    assert.equal((await wire.request('__proto__')).error?.code, -32601)
  })

  it('the public port has no operator pages (T59)', async () => {
    for (const path of ['/metrics', '/admin', '/admin/servers/probe', '/admin/tokens', '/debug', '/debug/pprof', '/documentation', '/json/version', '/.env', '/.git/config']) {
      assert.equal((await send(gateway.url + path, { headers: gateway.keyOf('alice').bearer })).status, 404, path)
    }
  })

  it('forty thousand made-up session ids, tools, paths and keys leave no memory behind', async (t) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 10 })
    t.after(() => agent.destroy())
    const { bearer } = gateway.keyOf('alice')
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    const made = (): string => randomBytes(32).toString('base64url')
    const body = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const kinds: ReadonlyArray<() => Promise<unknown>> = [
      () => send(wire.url, { agent, body, headers: { ...bearer, accept: ACCEPT_BOTH, 'mcp-session-id': made() } }),
      () => send(wire.url, { agent, body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: made() } }, headers: { ...bearer, accept: ACCEPT_BOTH, 'mcp-session-id': wire.sessionId ?? '' } }),
      () => send(`${gateway.url}/${made()}/mcp`, { agent, body, headers: bearer }),
      () => send(wire.url, { agent, body, headers: { authorization: `Bearer db_${randomBytes(8).toString('hex')}_${made()}` } })
    ]
    const ask = async (requests: number): Promise<number> => {
      for (let request = 0; request < requests; request += 20) await Promise.all(Array.from({ length: 20 }, (_, at) => kinds[at % kinds.length]?.()))
      return await liveHeapBytes(gateway)
    }
    // The first fill what is bounded: caches, pools, compiled code.
    const warm = await ask(15_000)
    const grown = await ask(40_000) - warm
    t.diagnostic(`${Math.round(warm / 1024)} KiB live, ${Math.round(grown / 1024)} KiB more after 40,000 more`)
    // The least that keeping one of a kind costs, of 10,000 of each: a short string in a set.
    assert.ok(grown < 10_000 * 100, `${Math.round(grown / 1024)} KiB`)
  })
})
