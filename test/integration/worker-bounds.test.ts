/** How many workers there may be, for whom, and who makes room (T55, rulings 1). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { probe, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'carol' }]

async function start (t: TestContext, serverPool: Record<string, number>, pool: Record<string, number> = {}): Promise<TestGateway> {
  const gateway = await startGateway({ users, config: { drainMs: 100, mcpServers: { probe: probe({ isolation: 'session', pool: serverPool }) }, limits: roomyLimits, pool } })
  t.after(() => gateway.stop())
  return gateway
}

/** A session whose worker is in the middle of a call. */
async function busy (gateway: TestGateway, user: string): Promise<LegacyWire> {
  const wire = gateway.wire(user, 'probe')
  await wire.open()
  const call = await wire.post({ jsonrpc: '2.0', id: 'busy', method: 'tools/call', params: { name: 'progress', arguments: { steps: 10_000, everyMs: 20 }, _meta: { progressToken: 1 } } })
  await call.next('it runs', (message) => message.method === 'notifications/progress')
  return wire
}

/** What a new session of the user gets: undefined when it works, else the error code. */
async function codeOfNewSession (gateway: TestGateway, user: string): Promise<number | undefined> {
  const wire = gateway.wire(user, 'probe')
  const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })
  const { error } = await responseOf(answer, 1)
  if (error !== undefined) assert.equal(answer.headers['mcp-session-id'], undefined, 'no session without a result')
  return error?.code
}

describe('bounds on workers', () => {
  it('of one server: the next one is refused cleanly while all are busy, and served when one has ended', async (t) => {
    const gateway = await start(t, { max: 2 })
    const [first] = [await busy(gateway, 'alice'), await busy(gateway, 'bob')]
    assert.equal(await codeOfNewSession(gateway, 'carol'), 50301)
    assert.equal(gateway.workers().length, 2)
    await first.end()
    await until('room', async () => await codeOfNewSession(gateway, 'carol') === undefined)
  })

  it('an idle worker makes room for a new one of the same user', async (t) => {
    const gateway = await start(t, { max: 2 })
    for (let session = 0; session < 4; session++) {
      const wire = gateway.wire('alice', 'probe')
      await wire.open()
      assert.equal(textOf(await wire.call('echo', { text: String(session) })), String(session))
    }
    assert.ok(gateway.workers().length <= 2)
  })

  it('of a tenant on one server: other tenants are not touched', async (t) => {
    const gateway = await start(t, { max: 10, maxPerTenant: 2 })
    await busy(gateway, 'alice')
    await busy(gateway, 'bob')
    assert.equal(await codeOfNewSession(gateway, 'alice'), 50301)
    assert.equal(await codeOfNewSession(gateway, 'carol'), undefined)
  })

  it('of a user over all servers: other users of the tenant are not touched', async (t) => {
    const gateway = await start(t, {}, { maxWorkersPerUser: 2 })
    await busy(gateway, 'alice')
    await busy(gateway, 'alice')
    assert.equal(await codeOfNewSession(gateway, 'alice'), 50301)
    assert.equal(await codeOfNewSession(gateway, 'bob'), undefined)
  })

  it('in all', async (t) => {
    const gateway = await start(t, {}, { maxWorkers: 2 })
    await busy(gateway, 'alice')
    await busy(gateway, 'bob')
    assert.equal(await codeOfNewSession(gateway, 'carol'), 50301)
  })

  it('a flood of new sessions never exceeds them, and every one of them gets an answer', async (t) => {
    const gateway = await start(t, { max: 5 }, { maxStarting: 2 })
    let peak = 0
    const watch = setInterval(() => { peak = Math.max(peak, gateway.workers().length) }, 10)
    const codes = await Promise.all(Array.from({ length: 60 }, () => codeOfNewSession(gateway, 'alice')))
    clearInterval(watch)
    assert.equal(codes.length, 60)
    assert.ok(codes.every((code) => code === undefined || code === 50301), JSON.stringify(codes))
    // A worker that makes room may still be ending while its successor starts.
    assert.ok(peak <= 5 + 2, `${peak} at once`)
  })

  it('a session whose server could not be started is none: no id, nothing held', async (t) => {
    const gateway = await startGateway({ users, config: { mcpServers: { broken: unruly({ env: { UNRULY_START: 'exit' } }) }, limits: roomyLimits, sessions: { maxPerUser: 3 } } })
    t.after(() => gateway.stop())
    for (let attempt = 0; attempt < 5; attempt++) {
      const wire = gateway.wire('alice', 'broken')
      const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })
      assert.ok((await responseOf(answer, 1)).error)
      assert.equal(answer.headers['mcp-session-id'], undefined)
    }
    assert.equal(await metricOf(gateway, 'sessions_open', { face: 'streamable' }), 0)
  })
})
