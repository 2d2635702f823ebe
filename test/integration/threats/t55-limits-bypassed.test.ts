/** T55: nobody gets past a limit by using more keys, sessions, addresses or replicas. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { makeApiKey } from '../../helpers/api-keys.ts'
import { send, type Exchange } from '../../helpers/http-exchange.ts'
import { startRedis } from '../../helpers/redis.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'carol' }]

async function start (t: TestContext, config: Record<string, unknown>): Promise<ReplicaSet> {
  const redis = await startRedis()
  // Exact as long as Redis answers in time; a machine that is busy with other tests gets more of it.
  const set = await startReplicas({ users, redis, config: { mcpServers: { probe: probe({ isolation: 'shared' }) }, redis: { url: redis.url, commandTimeoutMs: 20_000 }, ...config } })
  t.after(async () => {
    await set.stop()
    await redis.stop()
  })
  // Nobody is believed before it is known which credentials are revoked.
  for (const { name, url } of set.replicas) await until(`${name} serves`, async () => (await post(`${url}/servers/probe/tools`, set.keyOf('carol').bearer, echo)).status === 200)
  return set
}

const at = (set: ReplicaSet, sent: number): TestReplica => set.replicas[sent % set.replicas.length] ?? assert.fail()

function post (url: string, bearer: Record<string, string>, body: unknown, more: Record<string, string> = {}): Promise<Exchange> {
  return send(url, { method: 'POST', body, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...bearer, ...more } })
}

const echo = { tool_name: 'echo', arguments: { text: 'hello' } }
const count = (answers: readonly Exchange[], status: number): number => answers.filter((answer) => answer.status === status).length

describe('T55: past a limit', () => {
  it('with replicas, and with addresses that a header claims: 400 parallel at limit 100 are exactly 100; a neighbour is served', async (t) => {
    const set = await start(t, { limits: { ...roomyLimits, callsPerMinute: 100 } })
    const answers = await Promise.all(Array.from({ length: 400 }, (_, sent) => post(`${at(set, sent).url}/servers/probe/tools`, set.keyOf('alice').bearer, echo, { 'x-forwarded-for': `10.0.0.${sent % 250}` })))
    assert.deepEqual([count(answers, 200), count(answers, 429)], [100, 300])
    const neighbour = await Promise.all(Array.from({ length: 20 }, (_, sent) => post(`${at(set, sent).url}/servers/probe/tools`, set.keyOf('carol').bearer, echo)))
    assert.equal(count(neighbour, 200), 20)
  })

  it('with many keys of one user', async (t) => {
    const keys = Array.from({ length: 5 }, () => makeApiKey({ tenant: 'acme', user: 'alice' }))
    const set = await start(t, { limits: { ...roomyLimits, callsPerMinute: 30 }, auth: { apiKeys: keys.map(({ entry }) => entry) } })
    const bearers = [set.keyOf('alice').bearer, ...keys.map(({ bearer }) => bearer)]
    const answers = await Promise.all(Array.from({ length: 90 }, (_, sent) => post(`${at(set, sent).url}/servers/probe/tools`, bearers[sent % bearers.length] ?? assert.fail(), echo)))
    assert.deepEqual([count(answers, 200), count(answers, 429)], [30, 60])
  })

  it('with sessions: opening them is limited over replicas, and what is refused leaves none behind', async (t) => {
    const set = await start(t, { limits: { ...roomyLimits, initializePerMinute: 20 } })
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'flood', version: '1' } } }
    const answers = await Promise.all(Array.from({ length: 200 }, (_, sent) => post(`${at(set, sent).url}/servers/probe/mcp`, set.keyOf('alice').bearer, initialize)))
    assert.deepEqual([count(answers, 200), count(answers, 429)], [20, 180])
    assert.equal(answers.filter(({ status, headers }) => status === 429 && headers['mcp-session-id'] !== undefined).length, 0)
  })

  it('with wrong keys: guesses of one address are counted over replicas, and a right key still works', async (t) => {
    const set = await start(t, { limits: { ...roomyLimits, ipRequestsPerMinute: 30 } })
    const answers = []
    for (let sent = 0; sent < 60; sent++) answers.push(await post(`${at(set, sent).url}/servers/probe/tools`, { authorization: 'Bearer db_x_wrong' }, echo))
    assert.deepEqual([count(answers, 401), count(answers, 429)], [30, 30])
    assert.ok(Number(answers.at(-1)?.headers['retry-after']) >= 1)
    assert.equal((await post(`${at(set, 0).url}/servers/probe/tools`, set.keyOf('alice').bearer, echo)).status, 200)
  })
})
