/** Spare workers of servers that work on a directory of their user's: mounted when the worker is given to them (rulings 1; T43). */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { officialServer } from '../helpers/programs.ts'
import { manyUsers, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const MANAGEMENT_TOKEN = 'management-token-of-the-test-0123456789'

interface Mounted { readonly gateway: TestGateway, readonly data: string, view (): Promise<{ warm: { ready: number, reason?: string }, last_failure?: { reason: string } }> }

/** A gateway with one server, `files`, made of the directory that users' data are in. */
async function mounted (t: TestContext, entry: (data: string) => Readonly<Record<string, unknown>>): Promise<Mounted> {
  const data = await mkdtemp(join(tmpdir(), 'warm-data-'))
  const gateway = await startGateway({ users: manyUsers(3), env: { DRAWBRIDGE_MANAGEMENT_TOKEN: MANAGEMENT_TOKEN }, config: { mcpServers: { files: entry(data) }, limits: roomyLimits } })
  t.after(async () => {
    await gateway.stop()
    await rm(data, { recursive: true, force: true })
  })
  const view: Mounted['view'] = async () => {
    const answer = await send(`${gateway.managementUrl}/admin/servers/files`, { headers: { authorization: `Bearer ${MANAGEMENT_TOKEN}` } })
    return JSON.parse(answer.body()) as Awaited<ReturnType<Mounted['view']>>
  }
  return { gateway, data, view }
}

async function opened (gateway: TestGateway, user: string): Promise<LegacyWire> {
  const wire = gateway.wire(user, 'files')
  await wire.open()
  return wire
}

const sandbox = { level: 'namespace', mountLate: true }

describe('directories that are mounted when a worker is given to its user', () => {
  it('let server-filesystem have spares; each user finds their own files there, and nobody else\'s', async (t) => {
    const { gateway, data, view } = await mounted(t, (dir) => ({ ...officialServer('filesystem', [`${dir}/{tenant}/{user}`]), sandbox, pool: { warm: 1 } }))
    await mkdir(join(data, 'acme', 'u0'), { recursive: true })
    await writeFile(join(data, 'acme', 'u0', 'before.txt'), 'was there before')
    const inner = join(data, 'tenant', 'user')
    for (const user of ['u0', 'u1']) {
      await until('a spare', async () => (await view()).warm.ready === 1, 20_000)
      const wire = await opened(gateway, user)
      await wire.call('write_file', { path: join(inner, 'mine.txt'), content: `of ${user}` })
      assert.equal(await readFile(join(data, 'acme', user, 'mine.txt'), 'utf8'), `of ${user}`)
      assert.match(textOf(await wire.call('list_directory', { path: inner })), user === 'u0' ? /before\.txt[^]*mine\.txt/ : /^\[FILE\] mine\.txt$/)
    }
    const [, curious] = [await opened(gateway, 'u0'), await opened(gateway, 'u1')]
    for (const path of [join(data, 'acme', 'u0'), join(inner, '..', '..', 'acme', 'u0', 'mine.txt')]) {
      assert.doesNotMatch(textOf(await curious.call('read_text_file', { path })), /of u0/)
    }
    // Without a spare the place is the same.
    const cold = await opened(gateway, 'u2')
    await cold.call('write_file', { path: join(inner, 'mine.txt'), content: 'of u2' })
    assert.equal(await readFile(join(data, 'acme', 'u2', 'mine.txt'), 'utf8'), 'of u2')
    const metrics = await (await fetch(`${gateway.managementUrl}/metrics`, { headers: { authorization: `Bearer ${MANAGEMENT_TOKEN}` } })).text()
    assert.match(metrics, /drawbridge_worker_open_seconds_count\{server="files",kind="warm"\} [23]/)
  })

  it('are the roots that the server is told of', async (t) => {
    const { gateway, data, view } = await mounted(t, (dir) => ({ ...officialServer('filesystem', [`${dir}/{tenant}/{user}`]), sandbox, pool: { warm: 1 } }))
    await until('a spare', async () => (await view()).warm.ready === 1, 20_000)
    const wire = await opened(gateway, 'u0')
    assert.match(textOf(await wire.call('list_allowed_directories')), new RegExp(`${join(data, 'tenant', 'user')}$`, 'm'))
  })

  it('let server-memory have spares, each user with a memory of their own that outlives the worker', async (t) => {
    const { gateway, data, view } = await mounted(t, (dir) => ({ ...officialServer('memory', [], { MEMORY_FILE_PATH: `${dir}/{tenant}/{user}/memory.json` }), isolation: 'session', sandbox, pool: { warm: 1 } }))
    for (const [user, known] of [['u0', []], ['u1', []], ['u0', ['of u0']]] as const) {
      await until('a spare', async () => (await view()).warm.ready === 1, 20_000)
      const wire = await opened(gateway, user)
      assert.deepEqual((JSON.parse(textOf(await wire.call('read_graph'))) as { entities: Array<{ name: string }> }).entities.map(({ name }) => name), known)
      await wire.call('create_entities', { entities: [{ name: `of ${user}`, entityType: 'user', observations: [] }] })
      await wire.end()
    }
    assert.match(await readFile(join(data, 'acme', 'u0', 'memory.json'), 'utf8'), /of u0/)
  })

  it('need level namespace: elsewhere the start is refused with the reason', async (t) => {
    const { gateway, view } = await mounted(t, (dir) => ({ ...officialServer('filesystem', [`${dir}/{tenant}/{user}`]), sandbox: { level: 'none', mountLate: true }, pool: { warm: 1 } }))
    await assert.rejects(opened(gateway, 'u0'))
    assert.match((await view()).last_failure?.reason ?? '', /sandbox\.mountLate: level "none" has no mounts/)
  })
})
