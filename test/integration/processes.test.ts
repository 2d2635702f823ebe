/** `processes: N`: several event loops, one gateway: a caller lives in one of them, whichever a connection reaches (rulings 6, 7). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { exchange } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { createModernWire } from '../helpers/modern-wire.ts'
import { allProcesses, stillAlive } from '../helpers/processes.ts'
import { manyUsers, probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const users = manyUsers(8)

describe('several processes', () => {
  it('a caller has one worker and one memory, over every connection and in both eras', async (t) => {
    const gateway = await start(t)
    const seen = await Promise.all(users.map(async ({ user }) => {
      const wires = await Promise.all(Array.from({ length: 4 }, async () => await opened(gateway, user)))
      await wires[0]?.call('put', { value: `memory of ${user}` })
      const legacy = await Promise.all(wires.map(async (wire) => textOf(await wire.call('get'))))
      const modern = createModernWire(`${gateway.url}/servers/probe/mcp`, { ...gateway.keyOf(user).bearer })
      t.after(() => modern.close())
      const both = new Set([...legacy, textOf(await modern.call('get'))])
      assert.equal(both.size, 1, [...both].join())
      const [answer = '{}'] = both
      const { pid, value } = JSON.parse(answer) as { pid: number, value: string }
      assert.equal(value, `memory of ${user}`)
      return pid
    }))
    assert.equal(new Set(seen).size, users.length)
    assert.equal(new Set(seen.map(memberOf)).size, 2, 'the users are spread over both processes')
  })

  it('streams of a session come through, and a session is nobody else\'s in any process', async (t) => {
    const gateway = await start(t)
    await Promise.all(users.slice(0, 4).map(async ({ user }) => {
      const [wire, other] = [await opened(gateway, user), await opened(gateway, user)]
      other.sessionId = wire.sessionId
      const stream = await other.listen()
      await wire.call('grow')
      await stream.next('list_changed', ({ method }) => method === 'notifications/tools/list_changed')
      const stranger = gateway.wire(user === 'u0' ? 'u1' : 'u0', 'probe')
      stranger.sessionId = wire.sessionId
      assert.equal((await stranger.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404)
      stream.cut()
    }))
  })

  it('a limit of a tenant holds exactly over all processes', async (t) => {
    const gateway = await start(t, { tenants: { acme: { limits: { callsPerMinute: 20 } } } })
    const wires = await Promise.all(users.map(async ({ user }) => await opened(gateway, user)))
    const answers = await Promise.all(wires.flatMap((wire) => Array.from({ length: 10 }, async () => (await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } })).status)))
    assert.equal(answers.filter((status) => status === 200).length, 20)
    assert.equal(answers.filter((status) => status === 429).length, 60)
  })

  it('each request is counted and logged once, with the client\'s own address, which nobody can pretend', async (t) => {
    const gateway = await start(t)
    for (const { user } of users) {
      const answer = await exchange(`${gateway.url}/nowhere/${user}`, { headers: { ...gateway.keyOf(user).bearer, 'x-drawbridge-client-address': '203.0.113.9' } })
      assert.equal(answer.status, 404)
      await answer.ended
    }
    const lines = await until('a line per request', () => {
      const found = gateway.logs().filter(({ path }) => String(path).startsWith('/nowhere/'))
      return found.length >= users.length ? found : undefined
    })
    assert.equal(lines.length, users.length)
    assert.deepEqual([...new Set(lines.map((line) => line['remote_address']))], ['127.0.0.1'])
    const metrics = await exchange(`${gateway.managementUrl}/metrics`)
    await metrics.ended
    assert.match(metrics.body(), /http_requests_total\{[^}]*status_class="4xx"\} 8\n/)
    assert.match(metrics.body(), /drawbridge_config_revision 1\n/)
    assert.match(metrics.body(), /^process_start_time_seconds \d+$/m)
    assert.match(metrics.body(), /^drawbridge_revocations_known 1$/m)
  })

  it('a process that is killed costs its own callers their sessions, nobody else anything, and is replaced', async (t) => {
    const gateway = await start(t)
    const wires = await Promise.all(users.map(async ({ user }) => await opened(gateway, user)))
    const homes = await Promise.all(wires.map(async (wire) => memberOf(await pidBehind(wire))))
    const victim = homes[0] ?? 0
    const workers = gateway.workers().length
    process.kill(victim, 'SIGKILL')
    await until('it is replaced', () => gateway.logs().filter(({ event }) => event === 'process_listening').length === 3, 30_000)
    await Promise.all(wires.map(async (wire, index) => {
      const again = async (): Promise<number> => (await wire.post({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'get', arguments: {} } })).status
      // A kept connection to the killed process is broken; a client opens another.
      assert.equal(await again().catch(again), homes[index] === victim ? 404 : 200)
    }))
    assert.ok(gateway.workers().length < workers, 'the workers of the killed process are gone')
    const back = await opened(gateway, users[homes.indexOf(victim)]?.user ?? '')
    assert.notEqual(memberOf(await pidBehind(back)), victim)
  })

  it('TERM drains all of them: calls in flight end well in each', async (t) => {
    const gateway = await start(t)
    const wires = await Promise.all(users.map(async ({ user }) => await opened(gateway, user)))
    const calls = wires.map(async (wire, index) => await wire.call('echo', { text: `finished ${index}`, delayMs: 700 }, 'last'))
    const family = gateway.children()
    await Promise.all(wires.map(async (wire) => { await wire.call('get') }))
    gateway.kill('SIGTERM')
    assert.deepEqual((await Promise.all(calls)).map(textOf), users.map((_, index) => `finished ${index}`))
    assert.deepEqual(await gateway.exited, { code: 0, signal: null })
    assert.deepEqual(stillAlive(family), [])
  })

  it('when the primary is killed nothing is left', async (t) => {
    const gateway = await start(t)
    await Promise.all(users.map(async ({ user }) => await pidBehind(await opened(gateway, user))))
    const family = gateway.children()
    gateway.kill('SIGKILL')
    await until('everything is gone', () => stillAlive(family).length === 0, 10_000)
  })
})

async function start (t: { after (end: () => Promise<unknown>): void }, more: Record<string, unknown> = {}): Promise<TestGateway> {
  const gateway = await startGateway({ users, config: { processes: 2, mcpServers: { probe: probe({ sandbox: { level: 'none' } }) }, limits: roomyLimits, ...more } })
  t.after(() => gateway.stop())
  return gateway
}

async function opened (gateway: TestGateway, user: string): Promise<LegacyWire> {
  const wire = gateway.wire(user, 'probe')
  await wire.open()
  return wire
}

async function pidBehind (wire: LegacyWire): Promise<number> {
  return (JSON.parse(textOf(await wire.call('get'))) as { pid: number }).pid
}

/** The gateway process that started a worker. */
function memberOf (workerPid: number): number {
  return allProcesses().find(({ pid }) => pid === workerPid)?.parentPid ?? 0
}
