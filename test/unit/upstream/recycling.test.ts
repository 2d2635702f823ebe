import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { PoolSettings } from '../../../src/shared/settings/pool.ts'
import type { Connection, Place } from '../../../src/upstream/index.ts'
import { residentBytes } from '../../helpers/processes.ts'
import { until } from '../../helpers/until.ts'
import { ask, openings, type Openings } from './opening-parts.ts'
import { whoIs } from './spares-parts.ts'
import { runs } from './upstream-parts.ts'

const MIB = 1024 * 1024
const pool = { warm: 0, max: 50, maxPerTenant: 50, idleMs: 300_000 }

async function recycling (t: TestContext, own: Partial<PoolSettings>, name = 'echo.mjs'): Promise<Openings & { readonly at: Place, recycled (): string[] }> {
  const opened = await openings(t)
  const at = opened.place({ ...runs(name), pool: { ...pool, ...own } })
  return Object.assign(opened, { at, recycled: () => opened.told.filter((line) => line.startsWith('recycled')) })
}

const call = async (place: Place): Promise<number> => (await whoIs(await place.ready())).pid
const sleep = (connection: Connection): Promise<unknown> => ask(connection, 'tools/call', { name: 'sleep', arguments: { ms: 600_000 } })

suite('a worker is replaced between calls', () => {
  test('after so many calls, a fifth more or less, and none of them fails', async (t) => {
    const { at, recycled, peers } = await recycling(t, { maxCalls: 10 })
    const calls = new Map<number, number>()
    for (let made = 0; made < 40; made++) {
      const pid = await call(at)
      calls.set(pid, (calls.get(pid) ?? 0) + 1)
    }
    const whole = [...calls.values()].slice(0, -1)
    assert.ok(whole.length >= 3, String(whole))
    for (const count of whole) assert.ok(count >= 8 && count <= 12, String(whole))
    assert.deepEqual(new Set(recycled()), new Set(['recycled calls']))
    // Whoever used it is told that its memory is gone: the bridge hears of the end as of any other.
    assert.equal(peers.get(at)?.ends, recycled().length)
  })

  test('at an age', async (t) => {
    const { at, clock, recycled } = await recycling(t, { maxAgeMs: 60_000 })
    const first = await call(at)
    clock.advance(47_000)
    assert.equal(await call(at), first)
    clock.advance(26_000)
    await until('it is recycled', () => recycled().length === 1)
    assert.notEqual(await call(at), first)
    assert.deepEqual(recycled(), ['recycled age'])
  })

  test('before the call that would put it over its memory', async (t) => {
    const { at, recycled } = await recycling(t, { maxMemoryMb: 150 }, 'leaks.mjs')
    let most = 0
    for (let made = 0; made < 100; made++) {
      const connection = await at.ready()
      const { result } = await ask(connection, 'tools/call', { name: 'leak', arguments: {} })
      assert.notEqual(result, undefined)
      most = Math.max(most, residentBytes(connection.pid ?? 0))
    }
    assert.ok(recycled().length >= 2, recycled().join())
    assert.deepEqual(new Set(recycled()), new Set(['recycled memory']))
    assert.ok(most < 150 * 1.2 * MIB + 3 * 5_000_000, String(most / MIB))
  })

  test('is no crash: the next one starts at once', async (t) => {
    const { at, told } = await recycling(t, { maxCalls: 1 })
    for (let made = 0; made < 6; made++) await call(at)
    assert.deepEqual(told.filter((line) => line.startsWith('failed')), [])
  })
})

suite('a worn worker', () => {
  test('is not ended under a call', async (t) => {
    const { at, recycled } = await recycling(t, { maxCalls: 2 })
    const connection = await at.ready()
    const sleeping = connection.call({ method: 'tools/call', params: { name: 'sleep', arguments: { ms: 600_000 } }, timeoutMs: 600_000, maxTimeoutMs: 600_000, origin: 'test', onReply () {} })
    for (let made = 0; made < 2; made++) await ask(connection, 'tools/list')
    assert.deepEqual([connection.open, recycled()], [true, []])
    sleeping.cancel('client_cancelled')
    assert.deepEqual([connection.open, recycled()], [false, ['recycled calls']])
  })

  test('is not ended under an open stream, but when that closes', async (t) => {
    const { at, recycled } = await recycling(t, { maxCalls: 1 })
    const connection = await at.ready()
    at.streamOpened()
    await ask(connection, 'tools/list')
    assert.deepEqual([connection.open, recycled()], [true, []])
    at.streamClosed()
    assert.deepEqual([connection.open, recycled()], [false, ['recycled calls']])
  })

  test('is ended under an open stream at twice its limit', async (t) => {
    const { at, recycled } = await recycling(t, { maxCalls: 10 })
    at.streamOpened()
    const pids = new Set<number>()
    for (let made = 0; made < 25; made++) pids.add(await call(at))
    assert.deepEqual([pids.size, recycled()], [2, ['recycled calls']])
  })

  test('that is always in use is taken out of use at twice its limit; who comes then waits, and gets the next one', async (t) => {
    const { at, place, recycled, started } = await recycling(t, { maxCalls: 4 })
    const old = await at.ready()
    const gone = sleep(old)
    const quick = await Promise.all(Array.from({ length: 11 }, () => ask(old, 'tools/list')))
    assert.ok(quick.every(({ result }) => result !== undefined))
    assert.deepEqual([old.open, old.inFlight.size, recycled()], [false, 1, []])
    const next = at.ready()
    // Long enough for another worker to be up: this place's own must not run beside the old one (rulings 1).
    await place({ ...runs('echo.mjs'), name: 'other' } as Parameters<typeof place>[0]).ready()
    assert.equal(started(), 2)
    for (const handle of old.inFlight) handle.cancel('client_cancelled')
    await gone
    assert.notEqual((await next).pid, old.pid)
    assert.deepEqual(recycled(), ['recycled calls'])
  })

  test('that is being taken out of use ends with its place, and so does who waits for it', async (t) => {
    const { at, connections } = await recycling(t, { maxCalls: 1 })
    const old = await at.ready()
    const gone = sleep(old)
    await ask(old, 'tools/list')
    const next = assert.rejects(at.ready(), { code: 'GW_DRAINING' })
    await connections.close()
    await gone
    await next
  })
})
