/** Spare workers through the running gateway: rulings 1; T19, T44; FR03, FR08. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { metricsOf, type Metrics } from '../helpers/metrics.ts'
import { createModernWire } from '../helpers/modern-wire.ts'
import { residentBytes } from '../helpers/processes.ts'
import { officialServer } from '../helpers/programs.ts'
import { manyUsers, probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const MANAGEMENT_TOKEN = 'management-token-of-the-test-0123456789'
const leaks = fileURLToPath(new URL('../fixtures/stdio-servers/leaks.mjs', import.meta.url))

interface WarmView { readonly warm: { readonly wanted: number, readonly ready: number, readonly starting: number, readonly reason?: string } }

const start = (mcpServers: Parameters<typeof startGateway>[0]['config']['mcpServers'], users = 2): Promise<TestGateway> =>
  startGateway({ users: manyUsers(users), env: { DRAWBRIDGE_MANAGEMENT_TOKEN: MANAGEMENT_TOKEN }, config: { mcpServers, limits: roomyLimits } })

async function warmOf (gateway: TestGateway, server: string): Promise<WarmView['warm']> {
  const answer = await send(`${gateway.managementUrl}/admin/servers/${server}`, { headers: { authorization: `Bearer ${MANAGEMENT_TOKEN}` } })
  return (JSON.parse(answer.body()) as WarmView).warm
}

const ready = async (gateway: TestGateway, server: string, count: number): Promise<void> => {
  await until(`${count} spares of ${server}`, async () => (await warmOf(gateway, server)).ready === count, 20_000)
}

const metrics = (gateway: TestGateway): Promise<Metrics> => metricsOf(gateway, { token: MANAGEMENT_TOKEN })

async function opened (gateway: TestGateway, user: string, server: string): Promise<LegacyWire> {
  const wire = gateway.wire(user, server)
  await wire.open()
  return wire
}

describe('spare workers', () => {
  it('are there before anybody calls, and each is one user\'s for good', async (t) => {
    const gateway = await start({ probe: probe({ pool: { warm: 2 } }) }, 4)
    t.after(() => gateway.stop())
    await ready(gateway, 'probe', 2)
    assert.equal(gateway.workers().length, 2)
    const wires = await Promise.all(manyUsers(4).map(async ({ user }) => {
      const wire = await opened(gateway, user, 'probe')
      await wire.call('put', { value: `of ${user}` })
      return { user, wire }
    }))
    for (const { user, wire } of wires) assert.match(textOf(await wire.call('get')), new RegExp(`of ${user}"`))
    await ready(gateway, 'probe', 2)
    assert.equal(gateway.workers().length, 6)
    const metric = await metrics(gateway)
    assert.equal(metric('spares_ready', { server: 'probe' }), 2)
    assert.ok((metric('spares_wanted', { server: 'probe' }) ?? 0) >= 2)
    const [warm = 0, cold = 0] = ['warm', 'cold'].map((kind) => metric('worker_open_seconds_count', { server: 'probe', kind }))
    assert.deepEqual([warm === 0, warm + cold], [false, 4])
    assert.equal(metric('worker_reassigned_total'), 0)
  })

  it('of a real server serve a user of either era', async (t) => {
    const gateway = await start({ everything: { ...officialServer('everything', ['stdio']), pool: { warm: 2 } } })
    t.after(() => gateway.stop())
    await ready(gateway, 'everything', 2)
    const modern = createModernWire(`${gateway.url}/servers/everything/mcp`, { ...gateway.keyOf('u1').bearer })
    t.after(() => modern.close())
    const answers = [await (await opened(gateway, 'u0', 'everything')).call('echo', { message: 'old' }), await modern.call('echo', { message: 'new' })]
    assert.deepEqual(answers.map(textOf), ['Echo: old', 'Echo: new'])
    assert.equal((await metrics(gateway))('worker_open_seconds_count', { server: 'everything', kind: 'warm' }), 2)
  })

  it('are not kept of servers whose entry is for somebody, and the operator is told why', async (t) => {
    const gateway = await start({ probe: probe({ args: ['/tmp/{user}.json'], pool: { warm: 2 } }) })
    t.after(() => gateway.stop())
    await opened(gateway, 'u0', 'probe')
    const { ready: count, reason } = await warmOf(gateway, 'probe')
    assert.equal(count, 0)
    assert.match(reason ?? '', /args\[1\] holds \{user\}/)
  })

  it('outlive idle workers, and the worker that everybody shares is kept from the start', async (t) => {
    const gateway = await start({ own: probe({ pool: { warm: 1, idleMs: 300 } }), shared: probe({ isolation: 'shared', pool: { warm: 1, idleMs: 300 } }) })
    t.after(() => gateway.stop())
    await ready(gateway, 'own', 1)
    await until('the shared worker runs', () => gateway.workers().length === 2)
    await (await opened(gateway, 'u0', 'shared')).call('put', { value: 'kept' })
    await (await opened(gateway, 'u0', 'own')).call('put', { value: 'lost' })
    await until('the user\'s own is reaped, and a spare ready', async () => gateway.workers().length === 2 && (await warmOf(gateway, 'own')).ready === 1)
    assert.match(textOf(await (await opened(gateway, 'u1', 'shared')).call('get')), /kept/)
  })

  it('do not outlive a gateway that is killed', async (t) => {
    const gateway = await start({ probe: probe({ pool: { warm: 3 } }) })
    t.after(() => gateway.stop())
    await ready(gateway, 'probe', 3)
    gateway.kill('SIGKILL')
    await until('they are gone', () => gateway.workers().length === 0)
  })
})

describe('recycling', () => {
  it('bounds what a leaking server holds; no call fails, and the session is told once each time (FR08)', async (t) => {
    const gateway = await start({ leaks: { command: process.execPath, args: [leaks], pool: { warm: 1, maxMemoryMb: 200 } } }, 1)
    t.after(() => gateway.stop())
    const wire = await opened(gateway, 'u0', 'leaks')
    let most = 0
    let notices = 0
    for (let call = 0; call < 200; call++) {
      const answer = await wire.post({ jsonrpc: '2.0', id: call, method: 'tools/call', params: { name: 'leak', arguments: {} } })
      await answer.ended
      assert.match(answer.body(), /"result"/)
      if (answer.body().includes('was started again')) notices++
      most = Math.max(most, ...gateway.workers().map(({ pid }) => residentBytes(pid)))
    }
    const recycled = (await metrics(gateway))('worker_recycled_total', { server: 'leaks', reason: 'memory' }) ?? 0
    assert.ok(recycled >= 3, `${recycled} times`)
    // The last one may have come after the last call.
    assert.ok(notices === recycled || notices === recycled - 1, `${notices} notices, ${recycled} times`)
    assert.ok(most < 200 * 1.2 * 1024 * 1024 + 4 * 5_000_000, `${most} bytes`)
    await until('one worker and one spare are left', () => gateway.workers().length <= 2)
  })
})
