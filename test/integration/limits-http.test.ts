/** Limits as a client meets them: 429, Retry-After, RateLimit headers, 42901 with the caller's id; calls counted, not POSTs (rulings 3). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, clientInfo, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

const twoUsers = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }]

async function start (t: TestContext, limits: Record<string, unknown>, more: Record<string, unknown> = {}, users: Parameters<typeof startGateway>[0]['users'] = twoUsers): Promise<TestGateway> {
  const gateway = await startGateway({ users, config: { mcpServers: { probe: probe() }, limits: { ...roomyLimits, ...limits }, ...more } })
  t.after(() => gateway.stop())
  return gateway
}

async function opened (gateway: TestGateway, user: string, protocolVersion = '2025-11-25'): Promise<LegacyWire> {
  const wire = gateway.wire(user, 'probe')
  await wire.open({ protocolVersion })
  return wire
}

async function post (wire: LegacyWire, message: unknown): Promise<Exchange> {
  const answer = await wire.post(message)
  await answer.ended
  return answer
}

const echo = (id: string | number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text: `t${id}` } } })

function assertRefused (answer: Exchange, id: unknown): void {
  assert.equal(answer.status, 429, answer.body())
  const retryAfter = Number(answer.headers['retry-after'])
  assert.ok(Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= 60, String(answer.headers['retry-after']))
  assert.ok(Number(answer.headers['ratelimit-limit']) >= 1)
  assert.equal(answer.headers['ratelimit-remaining'], '0')
  assert.ok(Number(answer.headers['ratelimit-reset']) >= 1)
  const message = answer.messages()[0]
  assert.equal(message?.error?.code, 42901)
  assert.strictEqual(message?.id, id)
}

describe('limits over HTTP', () => {
  it('calls per minute and user: exactly the limit is admitted of many at once, the rest is 429', async (t) => {
    const gateway = await start(t, { callsPerMinute: 25 })
    const wire = await opened(gateway, 'alice')
    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => post(wire, echo(`id-${index}`))))
    assert.equal(answers.filter((answer) => answer.status === 200).length, 25)
    answers.forEach((answer, index) => { if (answer.status !== 200) assertRefused(answer, `id-${index}`) })
    const other = await opened(gateway, 'bob')
    assert.equal((await post(other, echo(1))).status, 200, 'another user has a limit of their own')
  })

  it('calls are counted, not POSTs: lists, pings, notifications cost none; batch entries cost one each', async (t) => {
    const gateway = await start(t, { callsPerMinute: 6 })
    const wire = await opened(gateway, 'alice', '2025-03-26')
    for (let round = 0; round < 5; round++) {
      assert.equal((await post(wire, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status, 200)
      assert.equal((await post(wire, { jsonrpc: '2.0', id: 1, method: 'ping' })).status, 200)
      assert.equal((await wire.tell({ method: 'notifications/roots/list_changed' })).status, 202)
    }
    const batch = await post(wire, Array.from({ length: 8 }, (_, index) => echo(index)))
    assert.equal(batch.status, 200, batch.body())
    const codes = batch.messages().map((message) => message.error?.code ?? 0).sort()
    assert.deepEqual(codes, [0, 0, 0, 0, 0, 0, 42901, 42901])
    assertRefused(await post(wire, echo('over')), 'over')
    assert.equal((await post(wire, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status, 200)
  })

  it('every protocol and endpoint draws from the same account, whatever X-Forwarded-For says', async (t) => {
    const gateway = await start(t, { callsPerMinute: 3 })
    const wire = await opened(gateway, 'alice')
    await post(wire, echo(1))
    const headers = { 'x-api-key': gateway.keyOf('alice').text, 'x-forwarded-for': '10.9.8.7' }
    assert.equal((await send(`${gateway.url}/servers/probe/tools`, { body: { tool_name: 'get' }, headers })).status, 200)
    const batch = await send(`${gateway.url}/mcp/tools/batch`, { body: [{ tool_name: 'probe__get' }, { tool_name: 'probe__get' }], headers })
    assert.deepEqual((JSON.parse(batch.body()) as Array<{ ok: boolean }>).map((entry) => entry.ok), [true, false])
    const refused = await send(`${gateway.url}/servers/probe/tools`, { body: { tool_name: 'get' }, headers })
    assert.equal(refused.status, 429)
    assert.ok(Number(refused.headers['retry-after']) >= 1)
    assertRefused(await post(wire, echo(2)), 2)
  })

  it('requests per minute bound the rest', async (t) => {
    const gateway = await start(t, { requestsPerMinute: 10 })
    const wire = await opened(gateway, 'alice')
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => post(wire, { jsonrpc: '2.0', id: index, method: 'tools/list' })))
    const refused = answers.filter((answer) => answer.status === 429)
    assert.ok(refused.length >= 10, `${refused.length} refused`)
    assert.equal(refused[0]?.messages()[0]?.error?.code, 42901)
  })

  it('initialize has its own limit', async (t) => {
    const gateway = await start(t, { initializePerMinute: 4 })
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await post(gateway.wire('alice', 'probe'), { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } })).status))
    assert.deepEqual(statuses.sort(), [200, 200, 200, 200, 429, 429, 429, 429])
  })

  it('concurrent calls beyond the limit wait in line and all get through', async (t) => {
    const gateway = await start(t, { concurrentCalls: 2 })
    const wire = await opened(gateway, 'alice')
    const started = performance.now()
    const texts = await Promise.all(Array.from({ length: 8 }, async (_, index) => textOf(await wire.call('echo', { text: `c${index}`, delayMs: 200 }))))
    assert.deepEqual(texts, Array.from({ length: 8 }, (_, index) => `c${index}`))
    assert.ok(performance.now() - started >= 750, 'two at a time')
  })

  it("a key's own limit and the tenant's limit hold too", async (t) => {
    const gateway = await start(t, {}, { tenants: { acme: { limits: { callsPerMinute: 5 } } } }, [{ tenant: 'acme', user: 'alice', callsPerMinute: 2 }, { tenant: 'acme', user: 'bob' }])
    const [alice, bob] = [await opened(gateway, 'alice'), await opened(gateway, 'bob')]
    const count = async (wire: LegacyWire): Promise<number> => (await Promise.all(Array.from({ length: 8 }, (_, index) => post(wire, echo(index))))).filter((answer) => answer.status === 200).length
    assert.equal(await count(alice), 2)
    assert.equal(await count(bob), 3, 'the tenant had 5')
  })

  it('requests without a valid credential are bounded by address, those with one are not touched by it', async (t) => {
    const gateway = await start(t, { ipRequestsPerMinute: 5 })
    const statuses: number[] = []
    for (let attempt = 0; attempt < 12; attempt++) {
      statuses.push((await send(`${gateway.url}/servers/probe/mcp`, { body: echo(1), headers: { accept: ACCEPT_BOTH, authorization: `Bearer db_guess_${attempt}`, 'x-forwarded-for': `10.0.0.${attempt}` } })).status)
    }
    assert.ok(statuses.slice(0, 5).every((status) => status === 401), statuses.join(' '))
    assert.ok(statuses.slice(6).every((status) => status === 429), statuses.join(' '))
    assert.equal((await post(await opened(gateway, 'alice'), echo(1))).status, 200)
  })

  it('sessions per user are bounded: the longest idle one makes room, and if none is idle the new one is refused', async (t) => {
    const gateway = await start(t, {}, { sessions: { maxPerUser: 2 } })
    const [first, second] = [await opened(gateway, 'alice'), await opened(gateway, 'alice')]
    await post(first, echo(1))
    const third = await opened(gateway, 'alice')
    assert.equal((await post(second, echo(2))).status, 404, 'the longest idle one is gone')
    const streams = [await first.listen(), await third.listen()]
    const refused = await post(gateway.wire('alice', 'probe'), { jsonrpc: '2.0', id: 'i', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } })
    assert.equal(refused.status, 429)
    assert.ok(Number(refused.headers['retry-after']) >= 1)
    assert.equal(refused.messages()[0]?.id, 'i')
    await opened(gateway, 'bob')
    for (const stream of streams) stream.cut()
  })
})
