/** One tenant floods, another is quiet: whose calls are answered, and who is told to come back when (T55, rulings 3). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type Exchange, type JsonRpc } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

/** A user's calls that run or stand in line, at most: what runs is `concurrentCalls`, the line has 512 places. */
const LINE = 512
const CONCURRENT = 8
const USERS = [{ tenant: 'loud', user: 'loud' }, { tenant: 'quiet', user: 'quiet' }]

async function start (t: TestContext, limits: Record<string, unknown>, entry: Record<string, unknown>): Promise<TestGateway> {
  const gateway = await startGateway({ users: USERS, config: { mcpServers: { probe: probe({ isolation: 'shared', ...entry }) }, limits: { ...roomyLimits, ...limits } } })
  t.after(() => gateway.stop())
  return gateway
}

async function opened (gateway: TestGateway, user: string): Promise<LegacyWire> {
  const wire = gateway.wire(user, 'probe')
  await wire.open({ protocolVersion: '2025-03-26' })
  return wire
}

const echo = (id: string, delayMs: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text: id, delayMs } } })

async function post (wire: LegacyWire, message: unknown): Promise<Exchange> {
  const answer = await wire.post(message)
  await answer.ended
  return answer
}

for (const [scarce, limits, entry] of [['the gateway', { totalConcurrentCalls: 4 }, {}], ['one server', {}, { concurrentCalls: 4 }]] as const) {
  describe(`a flood of one tenant, the calls of ${scarce} being scarce`, () => {
    it('is refused in part, and answered late; every call of the quiet tenant is answered meanwhile', async (t) => {
      const gateway = await start(t, { ...limits, concurrentCalls: CONCURRENT }, entry)
      const [loud, quiet] = await Promise.all([opened(gateway, 'loud'), opened(gateway, 'quiet')])
      const state = { isFlooded: true }
      const flood = Promise.all(Array.from({ length: 12 }, (_, post50) => post(loud, Array.from({ length: 50 }, (_, index) => echo(`loud-${post50}-${index}`, 40)))))
      const ended = flood.then(() => { state.isFlooded = false })
      // The line is full behind them, but for places that come free meanwhile: some of so many find none.
      const more = Array.from({ length: 60 }, (_, index) => post(loud, echo(`more-${index}`, 40)))
      const refused = await Promise.any(more.map(async (answer) => {
        assert.equal((await answer).status, 429)
        return await answer
      }))
      assert.equal(refused.messages()[0]?.error?.code, 42901)
      const retryAfterS = Number(refused.headers['retry-after'])
      assert.ok(Number.isInteger(retryAfterS) && retryAfterS >= 1 && retryAfterS <= 60, String(retryAfterS))

      for (let call = 0; call < 15; call++) assert.equal(textOf(await quiet.call('echo', { text: `quiet ${call}`, delayMs: 5 })), `quiet ${call}`)
      assert.ok(state.isFlooded, 'the flood is still waiting')
      await ended
      const answers: JsonRpc[] = [...await flood, ...await Promise.all(more)].flatMap((answer) => answer.messages())
      assert.equal(answers.length, 660)
      const codes = Map.groupBy(answers, ({ error }) => error?.code ?? 'ok')
      assert.deepEqual([...codes.keys()].sort(), [42901, 'ok'])
      assert.ok((codes.get('ok')?.length ?? 0) >= LINE)
    })
  })
}

describe('a call that could not be served before its deadline', () => {
  it('is refused at once, with Retry-After, and counted as shed', async (t) => {
    const gateway = await start(t, { concurrentCalls: 1 }, { timeoutMs: 3000 })
    const wire = await opened(gateway, 'loud')
    assert.equal(textOf(await wire.call('echo', { text: 'measured', delayMs: 1600 })), 'measured')
    const answers = await Promise.all(Array.from({ length: 5 }, (_, index) => post(wire, echo(`id-${index}`, 1600))))
    const byStatus = Map.groupBy(answers, ({ status }) => status)
    assert.deepEqual([...byStatus.keys()].sort(), [200, 429])
    // One runs, one has to wait for less than three seconds.
    assert.equal(byStatus.get(200)?.length, 2)
    for (const answer of byStatus.get(429) ?? []) {
      assert.equal(answer.messages()[0]?.error?.code, 42901)
      assert.ok([4, 5, 6].includes(Number(answer.headers['retry-after'])), String(answer.headers['retry-after']))
    }
    const metrics = (await send(`${gateway.managementUrl}/metrics`)).body()
    assert.match(metrics, /drawbridge_call_wait_seconds_count\{outcome="shed"\} 3\n/)
  })
})
