/** Nothing tells a caller what exists beyond their reach: neither text nor headers nor time (T01, T02, T13, T25). */
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { makeApiKey } from '../helpers/api-keys.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, createLegacyWire, textOf } from '../helpers/legacy-wire.ts'
import { lowerQuartileOf } from '../helpers/lower-quartile.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

/** Everything a caller sees of an answer, but for what differs between any two answers. */
function shape (answer: Exchange): unknown {
  const { 'x-request-id': _id, date: _date, ...headers } = answer.headers
  return { status: answer.status, headers, body: answer.body() }
}

describe('existence', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }],
      config: {
        mcpServers: {
          allowing: probe({ tools: { allow: ['echo'] }, prompts: { allow: [] }, resources: { allow: ['probe://one'] } }),
          denying: probe({ tools: { deny: ['p*', 'get'] } }),
          globexOnly: probe()
        },
        tenants: { acme: { servers: ['allowing', 'denying'], tools: { deny: ['denying__w*'] } }, globex: {} },
        limits: roomyLimits
      }
    })
  })
  after(() => gateway.stop())

  it('a hidden tool, prompt or resource is answered as one that does not exist, on its server and in the aggregate (T25)', async () => {
    const at = async (path: string, method: string, params: Record<string, unknown>): Promise<unknown> => {
      const wire = gateway.wire('alice', path)
      await wire.open()
      const answer = await wire.post({ jsonrpc: '2.0', id: 7, method, params })
      await answer.ended
      return shape(answer)
    }
    const pairs: ReadonlyArray<readonly [server: string, method: string, hidden: Record<string, unknown>, unknown: Record<string, unknown>]> = [
      ['allowing', 'tools/call', { name: 'whoami' }, { name: 'nope' }],
      ['denying', 'tools/call', { name: 'put', arguments: { value: 'x' } }, { name: 'pnope', arguments: { value: 'x' } }],
      ['denying', 'tools/call', { name: 'whoami' }, { name: 'wnope' }],
      // A rule that names one tool: any other gets as far as the server.
      ['denying', 'tools/call', { name: 'get' }, { name: 'nope' }],
      ['allowing', 'prompts/get', { name: 'greet' }, { name: 'nope' }],
      ['allowing', 'resources/read', { uri: 'probe://two' }, { uri: 'probe://nope' }],
      ['allowing', 'resources/subscribe', { uri: 'probe://two' }, { uri: 'probe://nope' }],
      ['allowing', 'completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'who', value: 'a' } }, { ref: { type: 'ref/prompt', name: 'nope' }, argument: { name: 'who', value: 'a' } }]
    ]
    for (const [server, method, hidden, unknown] of pairs) {
      assert.deepEqual(await at(server, method, hidden), await at(server, method, unknown), `${server} ${method}`)
      assert.match(JSON.stringify(await at(server, method, hidden)), /\\"error\\"/)
      const aggregated = (params: Record<string, unknown>): Record<string, unknown> => {
        const { name, uri, ref } = params as { name?: string, uri?: string, ref?: { name: string } }
        return { ...params, ...(name === undefined ? {} : { name: `${server}__${name}` }), ...(uri === undefined ? {} : { uri: `${server}+${uri}` }), ...(ref === undefined ? {} : { ref: { ...ref, name: `${server}__${ref.name}` } }) }
      }
      assert.deepEqual(await at('/mcp', method, aggregated(hidden)), await at('/mcp', method, aggregated(unknown)), `aggregate ${server} ${method}`)
    }
    const visible = gateway.wire('alice', 'allowing')
    await visible.open()
    assert.equal(textOf(await visible.call('echo', { text: 'x' })), 'x')
  })

  it("another tenant's server is answered as one that does not exist, on every path, and in the aggregate (T25)", async () => {
    const { bearer } = gateway.keyOf('alice')
    const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => shape(await send(gateway.url + path, { method, ...(body === undefined ? {} : { body }), headers: { ...bearer, accept: ACCEPT_BOTH } }))
    const requests: ReadonlyArray<readonly [method: string, suffix: string, body?: unknown]> = [
      ['POST', '/mcp', list], ['GET', '/mcp'], ['DELETE', '/mcp'], ['POST', '', list], ['GET', '/sse'], ['POST', `/messages/?session_id=${'x'.repeat(43)}`, list],
      ['POST', '/tools', { tool_name: 'echo', arguments: { text: 'x' } }], ['POST', '/tools/batch', [{ tool_name: 'echo', arguments: { text: 'x' } }]]
    ]
    for (const [method, suffix, body] of requests) {
      const [foreign, unknown] = [await ask(method, `/servers/globexOnly${suffix}`, body), await ask(method, `/servers/nope${suffix}`, body)] as Array<{ status: number, body: string }>
      assert.equal(foreign?.status, 404)
      assert.deepEqual({ ...foreign, body: foreign?.body.replace(/"request_id":"[^"]+"/, '') }, { ...unknown, body: unknown?.body.replace(/"request_id":"[^"]+"/, '') }, `${method} ${suffix}`)
    }
    const all = gateway.wire('alice', '/mcp')
    await all.open()
    assert.doesNotMatch(JSON.stringify(await all.request('tools/list')), /globexOnly/)
    assert.deepEqual(await all.call('globexOnly__echo', { text: 'x' }, 1), await all.call('nope__echo', { text: 'x' }, 1))
    assert.doesNotMatch((await send(`${gateway.url}/status`, { headers: bearer })).body(), /globexOnly/)
  })

  it("somebody else's session, an unknown one and one of the other transport: one answer, headers included (T01)", async () => {
    const owner = gateway.wire('alice', 'allowing')
    await owner.open()
    const { bearer } = gateway.keyOf('bob')
    const ids = [owner.sessionId ?? '', 'x'.repeat(43), 'short', `${owner.sessionId?.slice(0, -1)}_`]
    const seen = new Set<string>()
    for (const id of ids) {
      const named = { ...bearer, accept: ACCEPT_BOTH, 'mcp-session-id': id }
      seen.add(JSON.stringify(shape(await send(`${gateway.url}/servers/allowing/mcp`, { body: list, headers: named }))))
      seen.add(JSON.stringify(shape(await send(`${gateway.url}/servers/allowing/mcp`, { headers: named }))))
      seen.add(JSON.stringify(shape(await send(`${gateway.url}/servers/allowing/mcp`, { method: 'DELETE', headers: named }))))
      seen.add(JSON.stringify(shape(await send(`${gateway.url}/mcp`, { body: list, headers: named }))))
      seen.add(JSON.stringify(shape(await send(`${gateway.url}/servers/allowing/messages/?session_id=${id}`, { body: list, headers: { ...bearer, accept: ACCEPT_BOTH } }))))
    }
    assert.equal(seen.size, 1, [...seen].join('\n'))
    assert.match([...seen][0] ?? '', /Session not found/)
    const told = await until('audit lines', () => {
      const lines = gateway.logs().filter((line) => line['reason'] === 'owner_mismatch')
      return lines.length >= 4 ? lines : undefined
    })
    for (const line of told) assert.deepEqual([line['audit'], line['tenant'], line['user'], line['outcome']], ['refused', 'globex', 'bob', 'refused'])
    assert.ok(!gateway.output().includes(owner.sessionId ?? '?'))
    assert.ok((await owner.request('tools/list')).result)
  })

  it('an unknown key id and a wrong secret: one answer, headers included (T13)', async () => {
    const { text } = gateway.keyOf('alice')
    const wrong = `${text.slice(0, -8)}${text.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`
    const unknown = makeApiKey({ tenant: 'acme', user: 'nobody' }).text
    const [one, other] = await Promise.all([wrong, unknown].map(async (key) => shape(await send(`${gateway.url}/servers/allowing/mcp`, { body: list, headers: { authorization: `Bearer ${key}` } }))))
    assert.deepEqual(one, other)
    assert.equal((one as { status: number }).status, 401)
  })

  it('and takes the same time: hidden and unknown tools, foreign and unknown sessions, wrong and unknown keys', async (t) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    const owner = gateway.wire('bob', 'allowing')
    await owner.open()
    const wire = gateway.wire('alice', 'allowing')
    await wire.open()
    const { text } = gateway.keyOf('alice')
    const withSession = (id: string): Promise<unknown> => send(wire.url, { agent, body: list, headers: { authorization: `Bearer ${text}`, 'mcp-session-id': id } })
    const withKey = (key: string): Promise<unknown> => send(wire.url, { agent, body: list, headers: { authorization: `Bearer ${key}` } })
    const pairs: ReadonlyArray<readonly [what: string, one: () => Promise<unknown>, other: () => Promise<unknown>]> = [
      ['tools', () => wire.call('whoami'), () => wire.call('nope')],
      ['sessions', () => withSession(owner.sessionId ?? ''), () => withSession('x'.repeat(43))],
      ['keys', () => withKey(`${text.slice(0, -4)}AAAA`), () => withKey(makeApiKey({ tenant: 'a', user: 'b' }).text)]
    ]
    for (const [what, one, other] of pairs) {
      const times: [number[], number[]] = [[], []]
      // Taking turns, so that whatever else the machine does falls on both.
      for (let round = 0; round < 300; round++) {
        for (const [at, ask] of [one, other].entries()) {
          const started = performance.now()
          await ask()
          times[at]?.push(performance.now() - started)
        }
      }
      const apartMs = Math.abs(lowerQuartileOf(times[0]) - lowerQuartileOf(times[1]))
      assert.ok(apartMs < 2, `${what}: ${apartMs} ms`)
    }
  })
})

it('a session does not outlive the gateway that opened it: afterwards its id is an unknown one (T02)', async () => {
  const key = makeApiKey({ tenant: 'acme', user: 'alice' })
  const config = { mcpServers: { probe: probe() }, auth: { apiKeys: [key.entry] }, limits: roomyLimits }
  const answers: unknown[] = []
  let sessionId = ''
  for (const run of ['first', 'second']) {
    const gateway = await startGateway({ users: [], config })
    const wire = createLegacyWire(`${gateway.url}/servers/probe/mcp`, { ...key.bearer })
    try {
      if (run === 'first') {
        await wire.open()
        sessionId = wire.sessionId ?? ''
        continue
      }
      for (const id of [sessionId, 'x'.repeat(43)]) {
        wire.sessionId = id
        const answer = await wire.post(list)
        await answer.ended
        answers.push(shape(answer))
      }
    } finally {
      wire.close()
      await gateway.stop()
    }
  }
  assert.equal((answers[0] as { status: number }).status, 404)
  assert.deepEqual(answers[0], answers[1])
})
