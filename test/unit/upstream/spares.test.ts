import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { suite, test } from 'node:test'
import type { PackageStore, StoredCommand } from '../../../src/packages/index.ts'
import { until } from '../../helpers/until.ts'
import { fixture, owner, taggedWith } from '../stdio-pool/pool-parts.ts'
import { ask } from './opening-parts.ts'
import { warm, whoIs } from './spares-parts.ts'
import { runs } from './upstream-parts.ts'

suite('a spare', () => {
  test('is greeted for the caller it is given to, with that caller\'s capabilities', async (t) => {
    const { of, ready, told } = await warm(t)
    await ready(1)
    const who = await whoIs(await of('alice', { capabilities: { sampling: {} } }).ready())
    assert.deepEqual(who.client?.capabilities, { sampling: {} })
    assert.deepEqual(told.slice(0, 2), ['spare', 'opened warm'])
  })

  test('is never given to two users, nor to a second one later', async (t) => {
    const { of, ready, started, spares } = await warm(t, { ...runs('echo.mjs'), isolation: 'session' }, { count: 2 })
    const pids = new Set<number>()
    for (let round = 0; round < 4; round++) {
      await ready(2)
      const places = ['alice', 'bob'].map((user) => of(user, { session: `${user} ${round}` }))
      for (const connection of await Promise.all(places.map((place) => place.ready()))) pids.add((await whoIs(connection)).pid)
      // The end of the session is the end of its worker.
      for (const place of places) place.release()
    }
    assert.equal(pids.size, 8)
    assert.ok(started() >= 8 + spares().ready)
  })

  test('that two callers want is given to one, and the other starts its own', async (t) => {
    const { of, ready, told } = await warm(t)
    await ready(1)
    const [one, other] = await Promise.all([of('alice').ready(), of('bob').ready()])
    assert.notEqual((await whoIs(one)).pid, (await whoIs(other)).pid)
    assert.deepEqual(told.filter((line) => line.startsWith('opened')).sort(), ['opened', 'opened warm'])
  })

  test('is followed by the next one', async (t) => {
    const { of, ready, told } = await warm(t)
    for (const user of ['alice', 'bob', 'carol']) {
      await ready(1)
      await of(user).ready()
    }
    assert.deepEqual(told.filter((line) => line.startsWith('opened')), ['opened warm', 'opened warm', 'opened warm'])
  })

  test('has a home and a TMPDIR that nobody else has or had', async (t) => {
    const { of, ready } = await warm(t, runs('echo.mjs'), { count: 2 })
    await ready(2)
    const [alice, bob] = [await whoIs(await of('alice').ready()), await whoIs(await of('bob').ready())]
    const places = [alice, bob].flatMap(({ env }) => [env['HOME'] ?? '', env['TMPDIR'] ?? ''])
    assert.equal(new Set(places).size, 4)
    for (const place of places) assert.deepEqual(await readdir(place), [])
  })

  test('counts against its user from then on, and a user at the bound takes none', async (t) => {
    const { of, ready, spares } = await warm(t, { ...runs('echo.mjs'), isolation: 'session' }, { global: { maxWorkersPerUser: 1 } })
    await ready(1)
    const first = await of('alice', { session: 'one' }).ready()
    await ready(1)
    ask(first, 'tools/call', { name: 'sleep', arguments: { ms: 60_000 } }).catch(() => undefined)
    await assert.rejects(of('alice', { session: 'two' }).ready(), { code: 'GW_LIMIT_WORKERS' })
    assert.equal(spares().ready, 1)
  })

  test('ends when a caller of another server needs its place', async (t) => {
    const { place, ready, spares, pool, told } = await warm(t, runs('echo.mjs'), { global: { maxWorkers: 1 } })
    await ready(1)
    await place({ ...runs('echo.mjs'), name: 'other' } as object).ready()
    assert.deepEqual([spares().ready, pool.stats().running, told.at(-1)], [0, 1, 'opened'])
  })

  test('does not end for another caller when it has just been given to somebody', async (t) => {
    const { of, ready, told, pool, connections } = await warm(t)
    await ready(1)
    const bind = pool.bind.bind(pool)
    const made: Array<Promise<boolean>> = []
    pool.bind = async (...binding) => {
      const bound = await bind(...binding)
      // Before whoever asked for the spare is told that they have it.
      made.push(connections.makeRoom(owner('other', 'umbrella', 'bob'), 'all'))
      return bound
    }
    await of('alice').ready()
    assert.deepEqual([await Promise.all(made), told.at(-1)], [[false], 'opened warm'])
  })

  test('of an older package than the store now has is ended, not used', async (t) => {
    let version = '1'
    const packages: PackageStore = { commandOf: async (): Promise<StoredCommand> => ({ command: process.execPath, args: [fixture('echo.mjs'), version], env: {}, directories: [], package: `echo@${version}` }) }
    const { of, ready } = await warm(t, runs('echo.mjs'), { packages })
    await ready(1)
    version = '2'
    assert.deepEqual((await whoIs(await of('alice').ready())).argv, ['2'])
    await ready(1)
    assert.deepEqual((await whoIs(await of('bob').ready())).argv, ['2'])
  })

  test('that ends by itself is replaced', async (t) => {
    const { clock, pool, ready, told, spares } = await warm(t, { ...runs('echo.mjs') })
    await ready(1)
    const [spare] = taggedWith(pool.instanceId)
    assert.ok(spare !== undefined)
    process.kill(spare.pid, 'SIGKILL')
    await until('its end is noticed', () => spares().ready === 0)
    await until('another one', () => {
      clock.advance(1000)
      return told.filter((line) => line === 'spare').length === 2
    })
  })
})
