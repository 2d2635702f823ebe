/** T13: nobody learns which keys exist, keys are nowhere in the clear, and a revoked one ends everywhere within 5 s, with what it opened. */
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeApiKey } from '../../helpers/api-keys.ts'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { exchange, send, type Exchange } from '../../helpers/http-exchange.ts'
import { ACCEPT_BOTH, createLegacyWire } from '../../helpers/legacy-wire.ts'
import { lowerQuartileOf } from '../../helpers/lower-quartile.ts'
import { metricOf } from '../../helpers/metrics.ts'
import { createModernWire } from '../../helpers/modern-wire.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'

const MANAGEMENT = '6f0c2b7d915e48a3b1d2c4f7a8091e5c'
const env = { DRAWBRIDGE_MANAGEMENT_TOKEN: MANAGEMENT }
const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }]
const config = { mcpServers: { probe: probe() }, limits: roomyLimits, http: { publicUrl: 'http://gateway.test' } }
const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
/** How many answers of each kind are timed. */
const ROUNDS = 2000

const operator = (path: string, body?: unknown): Promise<Exchange> => send(path, { method: 'POST', headers: { authorization: `Bearer ${MANAGEMENT}` }, ...(body === undefined ? {} : { body }) })

/** Names and text of all files below, as far as they are still there. */
async function filesBelow (directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return (await Promise.all(files.map(async ({ parentPath, name }) => `${name}\n${await readFile(join(parentPath, name), 'latin1').catch(() => '')}`))).join('\n')
}

describe('keys that are not valid', () => {
  let gateway: TestGateway
  before(async () => { gateway = await startGateway({ users, config, env }) })
  after(() => gateway.stop())

  it('unknown, wrong and revoked ones are one answer', async () => {
    const { text, entry } = gateway.keyOf('bob')
    assert.equal((await operator(`${gateway.managementUrl}/admin/keys/${String(entry['id'])}/revoke`)).status, 200)
    const shapes = await Promise.all([makeApiKey({ tenant: 'a', user: 'b' }).text, `${gateway.keyOf('alice').text.slice(0, -4)}AAAA`, text].map(async (key) => {
      const answer = await send(`${gateway.url}/servers/probe/mcp`, { body: list, headers: { authorization: `Bearer ${key}` } })
      const { 'x-request-id': _id, date: _date, ...headers } = answer.headers
      return { status: answer.status, headers, body: answer.body() }
    }))
    assert.equal(shapes[0]?.status, 401)
    assert.deepEqual(shapes[1], shapes[0])
    assert.deepEqual(shapes[2], shapes[0])
  })

  it(`take the same time: the lower quartiles of ${ROUNDS} each differ by less than a millisecond`, async (t) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => { agent.destroy() })
    const keys = [makeApiKey({ tenant: 'a', user: 'b' }).text, `${gateway.keyOf('alice').text.slice(0, -4)}AAAA`]
    const times: number[][] = [[], []]
    // Taking turns, so that whatever else the machine does falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [at, key] of keys.entries()) {
        const started = performance.now()
        await send(`${gateway.url}/servers/probe/mcp`, { agent, body: list, headers: { authorization: `Bearer ${key}` } })
        times[at]?.push(performance.now() - started)
      }
    }
    const [unknown = 0, wrong = 0] = times.map(lowerQuartileOf)
    t.diagnostic(`unknown ${unknown.toFixed(3)} ms, wrong ${wrong.toFixed(3)} ms`)
    assert.ok(Math.abs(unknown - wrong) < 1, `${unknown} ms and ${wrong} ms`)
  })

  it('a gateway that starts again still refuses what was revoked', async () => {
    const [revoked] = users
    const key = makeApiKey(revoked ?? { tenant: 'acme', user: 'alice' })
    const stateDir = join(gateway.dir, 'state-of-others')
    for (const run of ['first', 'second']) {
      const other = await startGateway({ users: [], config: { ...config, auth: { apiKeys: [key.entry] } }, env: { ...env, DRAWBRIDGE_STATE_DIR: stateDir } })
      try {
        const ask = async (): Promise<number> => (await send(`${other.url}/status`, { headers: key.bearer })).status
        assert.equal(await ask(), run === 'first' ? 200 : 401)
        if (run === 'first') assert.equal((await operator(`${other.managementUrl}/admin/keys/${String(key.entry['id'])}/revoke`)).status, 200)
      } finally {
        await other.stop()
      }
    }
  })
})

describe('a revoked key, over two replicas', () => {
  let set: ReplicaSet
  before(async () => { set = await startReplicas({ users, config, env }) })
  after(() => set.stop())

  it('is refused by both within 5 s; what it opened ends, in both eras and on every transport; others go on', async (t) => {
    const [one, other] = set.replicas
    assert.ok(one !== undefined && other !== undefined)
    const { bearer, text, entry } = set.keyOf('alice')
    const legacy = set.wire('alice', 'probe', one)
    const elsewhere = set.wire('alice', 'probe', other)
    const lasting = set.wire('bob', 'probe', other)
    for (const wire of [legacy, elsewhere, lasting]) await wire.open()
    const modern = set.modern('alice', 'probe', other)
    const streams = await Promise.all([
      legacy.listen(),
      elsewhere.listen(),
      exchange(`${one.url}/servers/probe/sse`, { headers: { ...bearer, accept: 'text/event-stream' } }),
      modern.begin('subscriptions/listen', { notifications: { toolsListChanged: true } }),
      // Longer than a second, so that it is a stream by now; and one that is not yet.
      modern.begin('tools/call', { name: 'echo', arguments: { text: 'x', delayMs: 60_000 } })
    ])
    assert.deepEqual(streams.map(({ status }) => status), [200, 200, 200, 200, 200])
    const bobs = await lasting.listen()
    let isBobsOver = false
    void bobs.ended.then(() => { isBobsOver = true })

    const begunMs = performance.now()
    assert.equal((await operator(`${one.gateway.managementUrl}/admin/keys/${String(entry['id'])}/revoke`)).status, 200)
    for (const { url } of set.replicas) await until(`${url} refuses`, async () => (await send(`${url}/status`, { headers: bearer })).status === 401, 5000)
    t.diagnostic(`refused by both after ${(performance.now() - begunMs).toFixed(0)} ms`)
    await Promise.all(streams.map(async ({ ended }) => { await ended }))
    t.diagnostic(`all streams over after ${(performance.now() - begunMs).toFixed(0)} ms`)
    assert.ok(performance.now() - begunMs < 5000)
    assert.equal((await createLegacyWire(legacy.url, { ...bearer }).post(list, { 'mcp-session-id': legacy.sessionId ?? '' })).status, 401)

    const open = async (): Promise<number> => {
      const counts = await Promise.all(set.replicas.map(async ({ gateway }) => await metricOf(gateway, 'sessions_open')))
      return counts.reduce<number>((sum, count = 0) => sum + count, 0)
    }
    await until('only the session of bob is left', async () => await open() === 1, 5000)
    assert.ok((await lasting.request('tools/list')).result)
    assert.equal(isBobsOver, false)
    bobs.cut()
    const stored = (await set.redis.cli('--scan')).split('\n').join(' ')
    assert.ok(!stored.includes(text))
    for (const { gateway } of set.replicas) {
      assert.ok(!gateway.output().includes(text))
      assert.ok(!(await filesBelow(gateway.dir)).includes(text))
    }
    await set.redis.cli('SAVE')
    assert.ok(!(await filesBelow(set.redis.dir)).includes(text.slice(-20)))
  })

  it('tokens of the gateway\'s own are taken by both, and end in both when their user is revoked', async () => {
    const [one, other] = set.replicas
    assert.ok(one !== undefined && other !== undefined)
    const issued = await operator(`${one.gateway.managementUrl}/admin/tokens`, { tenant: 'acme', user: 'carol' })
    assert.equal(issued.status, 201)
    const { token } = JSON.parse(issued.body()) as { token: string }
    const bearer = { authorization: `Bearer ${token}` }
    const wire = createLegacyWire(`${other.url}/servers/probe/mcp`, bearer)
    await wire.open()
    const stream = await wire.listen()
    for (const { url } of set.replicas) assert.equal((await send(`${url}/status`, { headers: bearer })).status, 200)
    assert.equal((await operator(`${one.gateway.managementUrl}/admin/tokens/revoke`, { tenant: 'acme', user: 'carol' })).status, 200)
    for (const { url } of set.replicas) await until(`${url} refuses`, async () => (await send(`${url}/status`, { headers: bearer })).status === 401, 5000)
    await stream.ended
    wire.close()
    const again = JSON.parse((await operator(`${other.gateway.managementUrl}/admin/tokens`, { tenant: 'acme', user: 'carol' })).body()) as { token: string }
    const fresh = createModernWire(`${one.url}/servers/probe/mcp`, { authorization: `Bearer ${again.token}` })
    assert.ok((await fresh.request('tools/list', {}, { headers: { accept: ACCEPT_BOTH } })).result)
    fresh.close()
  })
})
