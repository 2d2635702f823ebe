/** Nothing outlives anything: sessions, clients that vanish, the gateway itself (T44, R10). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '../helpers/gateway.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import { environmentOf, stillAlive } from '../helpers/processes.ts'
import { behindShell, manyUsers, probe, roomyLimits, roomyPool, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const roomyGlobalPool = { maxWorkers: 400, maxWorkersPerTenant: 400, maxWorkersPerUser: 400 }

/** Runs `count` tasks, at most `width` at a time. */
async function inLanes (count: number, width: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: width }, async () => {
    for (let index = next++; index < count; index = next++) await task(index)
  }))
}

describe('leaks', () => {
  it('200 open and close cycles with a server that ignores end-of-file and TERM, behind a shell: 0 processes left', async (t) => {
    const gateway = await startGateway({
      config: {
        mcpServers: { stubborn: { ...behindShell(unruly({ env: { UNRULY_START: 'stubborn' } })), isolation: 'session', pool: roomyPool } },
        limits: roomyLimits,
        pool: { ...roomyGlobalPool, maxStarting: 8 },
        sessions: { maxPerUser: 400 }
      }
    })
    t.after(() => gateway.stop())
    let peak = 0
    await inLanes(200, 20, async () => {
      const wire = gateway.wire('alice', 'stubborn')
      await wire.open()
      assert.equal(textOf(await wire.call('echo', { text: 'hi' })), 'hi')
      peak = Math.max(peak, gateway.workers().length)
      assert.ok([200, 204].includes((await wire.end()).status))
      wire.close()
    })
    assert.ok(peak >= 2, 'a shell and a server at least')
    await until('0 processes', () => gateway.workers().length === 0, 15_000)
  })

  it('300 clients that vanish: 0 workers left after the idle time', async (t) => {
    const users = manyUsers(30, ['acme', 'globex', 'initech'])
    const gateway = await startGateway({
      users,
      config: { mcpServers: { probe: probe({ isolation: 'session', pool: roomyPool }) }, limits: roomyLimits, pool: roomyGlobalPool, sessions: { idleMs: 5000, maxPerUser: 100 } }
    })
    t.after(() => gateway.stop())
    await inLanes(300, 12, async (index) => {
      const wire = gateway.wire(`u${index % users.length}`, 'probe')
      await wire.open()
      await wire.call('echo', { text: 'and gone' })
      wire.close()
    })
    assert.ok(gateway.workers().length > 0)
    await until('0 workers', () => gateway.workers().length === 0, 20_000)
  })

  it('SIGKILL of the gateway: no worker, no grandchild and no supervisor is left within 10 s', async (t) => {
    const users = manyUsers(5)
    const gateway = await startGateway({
      users,
      config: { mcpServers: { probe: probe(), stubborn: behindShell(unruly({ env: { UNRULY_START: 'stubborn' } })) }, limits: roomyLimits }
    })
    t.after(() => gateway.stop())
    for (const { user } of users) {
      for (const server of ['probe', 'stubborn']) {
        const wire = gateway.wire(user, server)
        await wire.open()
        await wire.call('echo', { text: 'x' })
      }
    }
    const family = gateway.children()
    assert.ok(gateway.workers().length >= 15, '5 probes, 5 shells, 5 servers')
    assert.ok(family.length > gateway.workers().length, 'and a supervisor')
    gateway.kill('SIGKILL')
    await gateway.exited
    await until('0 left', () => gateway.workers().length === 0 && stillAlive(family).length === 0, 10_000)
  })

  it('every worker carries the tag that a sweep after a crash looks for', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    await gateway.wire('alice', 'probe').open()
    await until('a worker', () => gateway.workers().length > 0)
    for (const { pid } of gateway.workers()) assert.ok(environmentOf(pid).some((entry) => entry.startsWith('DRAWBRIDGE_WORKER=')))
  })
})
