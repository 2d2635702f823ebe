/** Another configuration while the gateway serves: all of it or nothing, and nobody who is being served notices (R8, FR44). */
import assert from 'node:assert/strict'
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type GatewayConfig, type TestGateway } from '../helpers/gateway.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { manyUsers, probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

type File = Record<string, Record<string, Record<string, unknown>>>

interface Followed {
  readonly gateway: TestGateway
  readonly path: string
  /** The file as the gateway was started with it. */
  readonly file: File
  /** Replaces the file by a rename, as editors and deployments do. */
  replace (text: string): Promise<void>
  /** Waits for the `count`th line of the log with this event. */
  told (event: string, count?: number): Promise<Readonly<Record<string, unknown>>>
}

async function followed (t: TestContext, config: GatewayConfig, more: Partial<Parameters<typeof startGateway>[0]> = {}): Promise<Followed> {
  const gateway = await startGateway({ config, ...more })
  t.after(() => gateway.stop())
  const path = join(gateway.dir, 'gateway.json')
  return {
    gateway,
    path,
    file: JSON.parse(await readFile(path, 'utf8')) as File,
    async replace (text) {
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
    },
    async told (event, count = 1) {
      const lines = (): ReadonlyArray<Record<string, unknown>> => gateway.logs().filter((line) => line['event'] === event)
      await until(`${count} × ${event}`, () => lines().length >= count)
      return lines()[count - 1] ?? {}
    }
  }
}

describe('a changed file', () => {
  it('brings servers, takes servers away, and leaves the others alone', async (t) => {
    const { gateway, file, replace, told } = await followed(t, { mcpServers: { stays: probe(), goes: probe() }, limits: roomyLimits })
    const [stays, goes] = [gateway.wire('alice', 'stays'), gateway.wire('alice', 'goes')]
    for (const wire of [stays, goes]) await wire.open()
    await stays.call('put', { value: 'kept' })
    await goes.call('put', { value: 'gone soon' })
    const { stays: entry, goes: leaving } = file['mcpServers'] ?? {}
    await replace(JSON.stringify({ ...file, mcpServers: { stays: entry, comes: leaving } }))
    const line = await told('config_reloaded')
    assert.deepEqual([line['servers_added'], line['servers_removed'], line['servers_changed']], [['comes'], ['goes'], []])
    assert.match(textOf(await stays.call('get')), /kept/)
    assert.equal((await goes.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get' } })).status, 404)
    const comes = gateway.wire('alice', 'comes')
    await comes.open()
    assert.match(textOf(await comes.call('get')), /"value":null/)
    assert.equal(await metricOf(gateway, 'config_revision'), 2)
  })

  it('leaves open sessions on the entry that they began with, and gives new ones the changed entry', async (t) => {
    const { gateway, file, replace, told } = await followed(t, { mcpServers: { probe: probe({ env: { SHOWN: 'old' } }) }, limits: roomyLimits })
    const old = gateway.wire('alice', 'probe')
    await old.open()
    await old.call('put', { value: 'of the old one' })
    const entry = file['mcpServers']?.['probe'] ?? {}
    await replace(JSON.stringify({ ...file, mcpServers: { probe: { ...entry, env: { ...entry['env'] as object, SHOWN: 'new' } } } }))
    await told('config_reloaded')
    const fresh = gateway.wire('alice', 'probe')
    await fresh.open()
    assert.match(textOf(await old.call('get')), /of the old one/)
    assert.match(textOf(await fresh.call('get')), /"value":null/)
    assert.equal(gateway.workers().length, 2)
    await old.end()
    await until('the worker of the old entry ends with its last session', () => gateway.workers().length === 1)
    assert.match(textOf(await fresh.call('get')), /"value":null/)
  })

  it('ends what a removed API key had open at once, and refuses it', async (t) => {
    const { gateway, file, replace } = await followed(t, { mcpServers: { probe: probe() }, limits: roomyLimits }, { users: manyUsers(2) })
    const [leaving, staying] = [gateway.wire('u0', 'probe'), gateway.wire('u1', 'probe')]
    for (const wire of [leaving, staying]) await wire.open()
    const [stream, other] = [await leaving.listen(), await staying.listen()]
    const apiKeys = (file['auth']?.['apiKeys'] as unknown as Array<{ readonly user: string }>).filter(({ user }) => user !== 'u0')
    await replace(JSON.stringify({ ...file, auth: { apiKeys } }))
    await stream.ended
    assert.equal((await leaving.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 401)
    assert.match(textOf(await staying.call('get')), /null/)
    other.cut()
  })

  it('is read anew on SIGHUP and on POST /admin/reload, which tells the faults', async (t) => {
    const token = 'a-management-token-of-32-characters'
    const { gateway, file, path, told } = await followed(t, { mcpServers: { probe: probe() } }, { env: { DRAWBRIDGE_MANAGEMENT_TOKEN: token, SHOWN: 'x' } })
    const ask = async (): Promise<[number, Record<string, unknown>]> => {
      const answer = await fetch(`${gateway.managementUrl}/admin/reload`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
      return [answer.status, await answer.json() as Record<string, unknown>]
    }
    assert.deepEqual(await ask(), [200, { outcome: 'unchanged', revision: 1 }])
    await writeFile(path, JSON.stringify({ ...file, limits: { callsPerMinute: 'many' } }))
    const [status, refused] = await ask()
    assert.equal(status, 422)
    assert.match(String((refused['faults'] as string[])[0]), /limits\.callsPerMinute/)
    assert.equal(await (await fetch(`${gateway.managementUrl}/admin/reload`, { method: 'POST' })).status, 401)
    assert.equal((await (await fetch(`${gateway.url}/health`)).json() as { checks: { config: { status: string } } }).checks.config.status, 'degraded')
    assert.equal(await (await fetch(`${gateway.url}/ready`)).status, 200)
    await writeFile(path, JSON.stringify({ ...file, limits: { callsPerMinute: 5 } }))
    gateway.kill('SIGHUP')
    await told('config_reloaded')
    assert.equal((await (await fetch(`${gateway.url}/health`)).json() as { checks: { config?: unknown } }).checks.config, undefined)
  })

  it('keeps what was counted, with the new limit', async (t) => {
    const { gateway, file, replace, told } = await followed(t, { mcpServers: { probe: probe() }, limits: { ...roomyLimits, callsPerMinute: 5 } })
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    const called = async (): Promise<number> => (await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get', arguments: {} } })).status
    for (let index = 0; index < 5; index++) assert.equal(await called(), 200)
    assert.equal(await called(), 429)
    await replace(JSON.stringify({ ...file, limits: { ...file['limits'], callsPerMinute: 7 } }))
    await told('config_reloaded')
    assert.deepEqual([await called(), await called(), await called()], [200, 200, 429])
  })

  it('is followed through a link that is turned to another folder, as Kubernetes does it', async (t) => {
    const { gateway, file, told } = await followed(t, { mcpServers: { probe: probe() }, include: ['./mounted/more.json'] }, {
      before: async (dir) => {
        await mkdir(join(dir, 'v1'))
        await mkdir(join(dir, 'v2'))
        await writeFile(join(dir, 'v1', 'more.json'), JSON.stringify({ mcpServers: {} }))
        await symlink('v1', join(dir, 'mounted'))
      }
    })
    await writeFile(join(gateway.dir, 'v2', 'more.json'), JSON.stringify({ mcpServers: { second: file['mcpServers']?.['probe'] } }))
    await symlink('v2', join(gateway.dir, 'turned'))
    await rename(join(gateway.dir, 'turned'), join(gateway.dir, 'mounted'))
    assert.deepEqual((await told('config_reloaded'))['servers_added'], ['second'])
    await rm(join(gateway.dir, 'mounted'))
  })
})

describe('a file that comes and goes under load (FR44)', () => {
  it('costs no call, and what is faulty never serves', async (t) => {
    const { gateway, file, path, replace } = await followed(t, { mcpServers: { probe: probe() }, limits: roomyLimits }, { users: manyUsers(4) })
    const wires = await Promise.all(manyUsers(4).map(async ({ user }) => {
      const wire = gateway.wire(user, 'probe')
      await wire.open()
      return wire
    }))
    const over = new AbortController()
    let calls = 0
    const load = wires.map(async (wire, user) => {
      while (!over.signal.aborted) {
        const text = `${user}-${calls++}`
        assert.match(textOf(await wire.call('echo', { text })), new RegExp(text))
      }
    })
    const entry = file['mcpServers']?.['probe']
    const good = (round: number): string => JSON.stringify({ ...file, mcpServers: { probe: entry, [`extra${round}`]: entry } })
    const told = (event: string): ReadonlyArray<Readonly<Record<string, unknown>>> => gateway.logs().filter((line) => line['event'] === event)
    const isServed = async (round: number): Promise<unknown> => await until(`extra${round} is served`, () => told('config_reloaded').some((line) => (line['servers_added'] as string[]).includes(`extra${round}`)))
    const isRefused = async (text: string): Promise<void> => {
      const before = told('config_refused').length
      await replace(text)
      await until('it is refused', () => told('config_refused').length > before)
    }
    for (let round = 0; round < 5; round++) {
      await replace(good(round))
      await isServed(round)
      await isRefused('{ "mcpServers": { "probe": ')
      await isRefused(`{ "mcpServers": {}, "x-filler": "${'x'.repeat(10_000_000)}" }`)
      // In place and by halves: what is there for a moment may be served or refused, if the machine makes it a long one; the last is served.
      await writeFile(path, good(round + 100))
      await truncate(path, 40)
      await writeFile(path, good(round + 200))
      await isServed(round + 200)
    }
    over.abort()
    await Promise.all(load)
    assert.ok(calls > 20, `${calls} calls`)
    const applied = told('config_reloaded').length
    const revisions = told('config_refused').map(({ revision }) => revision)
    assert.ok(revisions.every((revision) => typeof revision === 'number' && revision <= applied + 1))
    assert.equal(await metricOf(gateway, 'config_revision'), applied + 1)
  })
})

describe('processes: 2', () => {
  it('all take the same configuration, or none', async (t) => {
    const { gateway, file, replace, told } = await followed(t, { mcpServers: { probe: probe() }, processes: 2, limits: roomyLimits }, { users: manyUsers(6) })
    const entry = file['mcpServers']?.['probe']
    await replace(JSON.stringify({ ...file, mcpServers: { probe: entry, second: entry } }))
    await told('config_reloaded', 2)
    for (const { user } of manyUsers(6)) {
      const wire = gateway.wire(user, 'second')
      await wire.open()
      assert.match(textOf(await wire.call('get')), /null/)
    }
  })
})
