/** The status table of the legacy face, byte by byte (threats.md status rulings, rulings 4; MCP 2025-11-25 transports). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, clientInfo, type LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

const NOT_FOUND = '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}'
const initialize = (protocolVersion = '2025-11-25', id: string | number = 1) => ({ jsonrpc: '2.0', id, method: 'initialize', params: { protocolVersion, capabilities: {}, clientInfo } })
const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' }

describe('legacy face: statuses', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'carol' }],
      config: { mcpServers: { probe: probe(), other: probe() }, limits: roomyLimits }
    })
  })
  after(() => gateway.stop())

  const opened = async (user = 'alice', server = 'probe', protocolVersion = '2025-11-25'): Promise<LegacyWire> => {
    const wire = gateway.wire(user, server)
    await wire.open({ protocolVersion })
    return wire
  }
  const whole = async (answer: Promise<Exchange>): Promise<Exchange> => {
    const got = await answer
    await got.ended
    return got
  }

  describe('opening', () => {
    for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      it(`initialize with ${version} answers the same version`, async () => {
        const result = await gateway.wire('alice', 'probe').open({ protocolVersion: version })
        assert.equal(result['protocolVersion'], version)
      })
    }

    it('an unknown protocolVersion gets 200 and the newest legacy one, never an error', async () => {
      for (const version of ['1999-01-01', '2030-01-01', '2026-07-28']) {
        const result = await gateway.wire('alice', 'probe').open({ protocolVersion: version })
        assert.equal(result['protocolVersion'], '2025-11-25', version)
      }
    })

    it('a session id sent along with initialize is not taken over (T03)', async () => {
      const wire = gateway.wire('alice', 'probe')
      const answer = await whole(wire.post(initialize(), { 'mcp-session-id': 'A'.repeat(43) }))
      assert.equal(answer.status, 200)
      assert.match(String(answer.headers['mcp-session-id']), /^[A-Za-z0-9_-]{22,128}$/)
      assert.notEqual(answer.headers['mcp-session-id'], 'A'.repeat(43))
    })

    it('a fixed session id makes no session appear under it', async () => {
      const wire = gateway.wire('alice', 'probe')
      wire.sessionId = 'B'.repeat(43)
      assert.equal((await whole(wire.post(list))).status, 404)
    })

    it('serverInfo, capabilities and instructions are those of the server', async () => {
      const result = await gateway.wire('alice', 'probe').open()
      assert.equal((result['serverInfo'] as { name: string }).name, 'probe')
      assert.ok((result['capabilities'] as Record<string, unknown>)['completions'])
      assert.equal(result['instructions'], 'Ask me what I saw.')
    })
  })

  describe('session required', () => {
    it('POST without a session id: 400, -32000', async () => {
      const answer = await whole(gateway.wire('alice', 'probe').post(list))
      assert.equal(answer.status, 400)
      assert.equal(answer.messages()[0]?.error?.code, -32000)
    })

    it('GET and DELETE without a session id: 400 at once, whatever Accept says', async () => {
      for (const method of ['GET', 'DELETE']) {
        for (const accept of ['text/event-stream', ACCEPT_BOTH, '*/*']) {
          const answer = await send(`${gateway.url}/servers/probe/mcp`, { method, headers: { ...gateway.keyOf('alice').bearer, accept } })
          assert.equal(answer.status, 400, `${method} ${accept}`)
        }
      }
    })

    it("mcp-remote's two bare GETs are answered at once and do not keep the connection", async () => {
      const started = performance.now()
      const answers = await Promise.all([1, 2].map(() => send(`${gateway.url}/servers/probe/mcp`, { headers: { ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH } })))
      for (const answer of answers) assert.ok([400, 405].includes(answer.status), String(answer.status))
      assert.ok(performance.now() - started < 3000)
    })
  })

  describe('session not found: one constant body', () => {
    const unknownIds: Record<string, string> = {
      'random, well formed': 'x'.repeat(43),
      'with path characters': '../../etc/passwd-aaaaaaaaaaaaaaaaaaaa',
      'with a space': 'a b'.padEnd(43, 'c'),
      'with a query': 'x&user=alice'.padEnd(43, 'x'),
      short: 'x',
      'very long': 'y'.repeat(4000)
    }
    for (const [what, id] of Object.entries(unknownIds)) {
      it(`${what}: POST, GET and DELETE`, async () => {
        const wire = gateway.wire('alice', 'probe')
        wire.sessionId = id
        for (const answer of [await whole(wire.post(list)), await whole(wire.listen()), await wire.end()]) {
          assert.ok([404, 400].includes(answer.status), `${answer.status}`)
          if (answer.status === 404) assert.equal(answer.body(), NOT_FOUND)
        }
      })
    }

    it("someone else's session, of the same or another tenant, equals an unknown one, and the owner goes on (T01)", async () => {
      const owner = await opened('alice')
      await owner.call('put', { value: 'alice-canary' })
      for (const thief of ['bob', 'carol']) {
        const wire = gateway.wire(thief, 'probe')
        wire.sessionId = owner.sessionId
        const answers = [await whole(wire.post(list)), await whole(wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get', arguments: {} } })), await whole(wire.listen()), await wire.end()]
        for (const answer of answers) {
          assert.equal(answer.status, 404, thief)
          assert.equal(answer.body(), NOT_FOUND)
          assert.doesNotMatch(JSON.stringify(answer.headers), /alice/)
        }
      }
      assert.match(JSON.stringify(await owner.call('get')), /alice-canary/)
    })

    it('a session of another server, and of the aggregate, does not open this one (T02)', async () => {
      const here = await opened('alice', 'probe')
      for (const path of ['other', '/mcp']) {
        const wire = gateway.wire('alice', path)
        wire.sessionId = here.sessionId
        for (const answer of [await whole(wire.post(list)), await whole(wire.listen()), await wire.end()]) {
          assert.equal(answer.status, 404, path)
          assert.equal(answer.body(), NOT_FOUND)
        }
      }
      assert.ok((await here.request('tools/list')).result)
    })

    it('an ended session is an unknown one', async () => {
      const wire = await opened()
      assert.ok([200, 204].includes((await wire.end()).status))
      for (const answer of [await whole(wire.post(list)), await whole(wire.listen()), await wire.end()]) {
        assert.equal(answer.status, 404)
        assert.equal(answer.body(), NOT_FOUND)
      }
    })

    it('response headers of a foreign and of an unknown session have the same names', async () => {
      const owner = await opened('alice')
      const [foreign, unknown] = await Promise.all([owner.sessionId ?? '', 'z'.repeat(43)].map(async (id) => {
        const wire = gateway.wire('bob', 'probe')
        wire.sessionId = id
        return await whole(wire.post(list))
      }))
      assert.deepEqual(Object.keys(foreign?.headers ?? {}).sort(), Object.keys(unknown?.headers ?? {}).sort())
    })
  })

  describe('DELETE', () => {
    it('ends the session with a JSON content type and an empty body too', async () => {
      const wire = await opened()
      const answer = await send(wire.url, { method: 'DELETE', headers: { ...gateway.keyOf('alice').bearer, 'mcp-session-id': wire.sessionId ?? '', 'content-type': 'application/json', 'content-length': '0' } })
      assert.ok([200, 204].includes(answer.status), `${answer.status} ${answer.body()}`)
      assert.equal((await whole(wire.post(list))).status, 404)
    })
  })

  describe('protocol version header', () => {
    it('unsupported: 400', async () => {
      const wire = await opened()
      for (const version of ['1999-01-01', 'latest', '2025-11-25x', '']) {
        if (version === '') continue
        const answer = await whole(wire.post(list, { 'mcp-protocol-version': version }))
        assert.equal(answer.status, 400, version)
      }
    })

    it('absent: accepted, as clients of 2025-03-26 do', async () => {
      const wire = await opened('alice', 'probe', '2025-03-26')
      const answer = await send(wire.url, { body: list, headers: { ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH, 'mcp-session-id': wire.sessionId ?? '' } })
      assert.equal(answer.status, 200)
    })

    it('GET and DELETE with a version of 2026-07-28 or later: 405', async () => {
      for (const method of ['GET', 'DELETE']) {
        const answer = await send(`${gateway.url}/servers/probe/mcp`, { method, headers: { ...gateway.keyOf('alice').bearer, accept: 'text/event-stream', 'mcp-protocol-version': '2026-07-28' } })
        assert.equal(answer.status, 405, method)
      }
    })

    it('Mcp-Method and Mcp-Name are ignored on the legacy face (T35)', async () => {
      const wire = await opened()
      const answer = await whole(wire.post(list, { 'mcp-method': 'tools/call', 'mcp-name': 'something-else' }))
      assert.equal(answer.status, 200)
    })
  })

  it('the modern probe of a dual-era client: answered, and nothing of a session with it', async () => {
    const body = { jsonrpc: '2.0', id: 'probe-1', method: 'server/discover', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} } } }
    const answer = await whole(gateway.wire('alice', 'probe').post(body, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' }))
    assert.equal(answer.status, 200)
    assert.equal(answer.messages()[0]?.id, 'probe-1')
    assert.deepEqual((answer.messages()[0]?.result as { supportedVersions: unknown }).supportedVersions, ['2026-07-28'])
    assert.equal(answer.headers['mcp-session-id'], undefined)
  })

  describe('paths', () => {
    it('/servers/probe, /servers/probe/ and /servers/probe/mcp/ are the same endpoint', async () => {
      for (const path of ['/servers/probe', '/servers/probe/', '/servers/probe/mcp/']) {
        const wire = gateway.wire('alice', path)
        await wire.open()
        assert.ok((await wire.request('tools/list')).result, path)
      }
    })

    it('unknown server: 404, with or without a session', async () => {
      const wire = gateway.wire('alice', 'nope')
      assert.equal((await whole(wire.post(initialize()))).status, 404)
      wire.sessionId = (await opened()).sessionId
      assert.equal((await whole(wire.post(list))).status, 404)
    })

    it('other verbs: 405', async () => {
      for (const method of ['PUT', 'PATCH']) {
        const answer = await send(`${gateway.url}/servers/probe/mcp`, { method, headers: { ...gateway.keyOf('alice').bearer }, body: {} })
        assert.ok([404, 405].includes(answer.status), `${method} ${answer.status}`)
      }
    })
  })

  describe('other paths speak the plain error shape', () => {
    it('404 names nothing of what was asked', async () => {
      const answer = await send(`${gateway.url}/nothing-here`, { headers: { ...gateway.keyOf('alice').bearer } })
      assert.equal(answer.status, 404)
      const { error } = JSON.parse(answer.body()) as { error: { code: string, message: string, request_id: string } }
      assert.match(error.code, /^GW_/)
      assert.equal(error.request_id, answer.headers['x-request-id'])
    })
  })
})
