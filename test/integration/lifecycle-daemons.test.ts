/** Daemons that servers leave behind, and servers that are broken for everybody (T44, FR04). */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import { manyUsers, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const leavesDaemon = {
  command: process.execPath,
  args: [fileURLToPath(new URL('../fixtures/stdio-servers/leaves-daemon.mjs', import.meta.url))],
  env: { LEAVES_STUBBORN: '1' },
  isolation: 'session'
}

/** Opens a session and says which daemon its worker has started. */
async function daemonOf (gateway: TestGateway): Promise<{ pid: number, end: () => Promise<unknown> }> {
  const wire = gateway.wire('alice', 'server')
  await wire.open()
  return { pid: Number(textOf(await wire.call('daemon'))), end: () => wire.end() }
}

describe('a daemon that has left the group of its worker', () => {
  it('ends after its worker, while those of other workers serve on', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { server: leavesDaemon }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const [one, other] = [await daemonOf(gateway), await daemonOf(gateway)]
    await one.end()
    await until('the first one is gone', () => !gateway.workers().some(({ pid }) => pid === one.pid), 20_000)
    assert.ok(gateway.workers().some(({ pid }) => pid === other.pid))
    await other.end()
    await until('both are gone', () => gateway.workers().length === 0, 20_000)
  })

  it('ends within 10 s of the gateway\'s own SIGKILL', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { server: leavesDaemon }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const { pid } = await daemonOf(gateway)
    assert.ok(gateway.workers().some((worker) => worker.pid === pid))
    gateway.kill('SIGKILL')
    await gateway.exited
    await until('nothing is left', () => gateway.workers().length === 0, 10_000)
  })
})

describe('a server that is broken for everybody (FR04)', () => {
  it('is started for a few of its users, not for each, and works again for who had no part in it', async (t) => {
    const [spawns, repaired] = ['spawns', 'repaired'].map((name) => join(tmpdir(), `drawbridge-${name}-${randomUUID()}`)) as [string, string]
    t.after(() => Promise.all([rm(spawns, { force: true }), rm(repaired, { force: true })]))
    const users = manyUsers(15)
    const gateway = await startGateway({
      users, config: { mcpServers: { broken: unruly({ env: { UNRULY_START: 'exit', UNRULY_SPAWNS: spawns, UNRULY_FIXED: repaired } }) }, limits: roomyLimits }
    })
    t.after(() => gateway.stop())
    const attempt = async (user: string): Promise<string> => {
      const wire = gateway.wire(user, 'broken')
      return await wire.open().then(async () => JSON.stringify(await wire.call('echo', { text: 'it works' })), (error: unknown) => String(error)).finally(() => wire.close())
    }
    const failures: string[] = []
    for (const { user } of users.slice(0, 14)) failures.push(await attempt(user))
    for (const failure of failures) assert.match(failure, /50201|50301|502|503/)
    const starts = (): number => existsSync(spawns) ? readFileSync(spawns, 'utf8').split('\n').filter(Boolean).length : 0
    assert.ok(starts() < 10, `${starts()} starts for 14 users`)
    await writeFile(repaired, '')
    await until('recovery', async () => (await attempt('u14')).includes('it works'), 40_000)
  })
})
