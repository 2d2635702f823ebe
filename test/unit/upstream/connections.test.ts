import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import type { GatewayError } from '../../../src/shared/errors.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { GlobalPoolSettings } from '../../../src/shared/settings/pool.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { createConnections } from '../../../src/upstream/index.ts'
import type { Connection, Connections, ConnectionRequest, Place } from '../../../src/upstream/index.ts'
import { until } from '../../helpers/until.ts'
import { testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'
import { bench, host, limits } from '../stdio-pool/pool-parts.ts'
import { runs, testCall, testPeer, wanted } from './upstream-parts.ts'
import type { TestPeer } from './upstream-parts.ts'

interface Bench {
  readonly connections: Connections
  readonly clock: TestClock
  readonly told: string[]
  readonly peers: Map<Place, TestPeer>
  place (own?: Partial<ServerSettings>, who?: Parameters<typeof wanted>[1]): Place
  /** Worker processes that run or start. */
  workers (): number
}

async function start (t: TestContext, own: { global?: Partial<GlobalPoolSettings>, stopGraceMs?: number } = {}): Promise<Bench> {
  // Waits after failures are as long as they can be.
  t.mock.method(Math, 'random', () => 0.999)
  const clock = testClock()
  const told: string[] = []
  const peers = new Map<Place, TestPeer>()
  const { pool, dir } = await bench(t, { limits: limits(own.global), stopGraceMs: own.stopGraceMs ?? 2000, makeRoom: (owner, bound) => connections.makeRoom(owner, bound) })
  const connections = createConnections({
    pool,
    host,
    stateDir: dir,
    version: '0',
    nowMs: clock.nowMs,
    events: {
      opened: () => { told.push('opened') },
      startFailed: (_server, error) => { told.push(`failed ${error.code}`) },
      fault () {},
      thrown: (thrown) => { told.push(String(thrown)) }
    }
  }, (place: Place, _request: ConnectionRequest) => {
    const peer = testPeer()
    peers.set(place, peer)
    return peer
  })
  t.after(() => connections.close())
  return {
    connections,
    clock,
    told,
    peers,
    place: (settings = runs('puppet.mjs'), who = {}) => connections.place(wanted(settings, who)),
    workers: () => [...pool.stats().byServer.values()].reduce((sum, count) => sum + count, 0)
  }
}

const isAlive = (connection: Connection): boolean => {
  try {
    return process.kill(connection.pid ?? 0, 0)
  } catch {
    return false
  }
}

describe('one worker for one key', () => {
  it('callers that come at once share one start, and its failure (T24)', async (t) => {
    const { place, told, workers } = await start(t)
    const opened = await Promise.all(Array.from({ length: 20 }, () => place().ready()))
    assert.deepEqual([new Set(opened).size, workers(), told], [1, 1, ['opened']])
    const failures = await Promise.allSettled(Array.from({ length: 20 }, () => place(runs('exits-at-start.mjs'), { user: 'bob' }).ready()))
    assert.equal(new Set(failures.map((one) => one.status === 'rejected' && one.reason)).size, 1)
    assert.deepEqual(told, ['opened', 'failed GW_UPSTREAM_START'])
  })

  it('another user, another tenant, another entry: another worker', async (t) => {
    const { place } = await start(t)
    const places = [place(), place({}, { user: 'bob' }), place({}, { tenant: 'globex' }), place({ ...runs('puppet.mjs'), entryHash: 'changed' })]
    assert.equal(new Set(places.map(({ key }) => key)).size, 4)
  })

  it('a new worker starts only when the old one and its children are gone', async (t) => {
    const { place } = await start(t, { stopGraceMs: 150 })
    const held = place(runs('ignores-eof-and-term.mjs'))
    const old = await held.ready()
    const closing = old.close()
    const next = await held.ready()
    assert.deepEqual([isAlive(old), isAlive(next), next === old], [false, true, false])
    await closing
    // Let go of while it ends: whoever comes then finds the same place, and waits as well.
    const going = next.close()
    held.release()
    const again = place(runs('ignores-eof-and-term.mjs'))
    assert.equal(again, held)
    await again.ready()
    assert.equal(isAlive(next), false)
    await going
  })
})

describe('holders', () => {
  it('a user\'s worker outlives its last holder for a while, then goes, and its place with it', async (t) => {
    const { place, clock, workers } = await start(t)
    const held = place({ ...runs('puppet.mjs'), pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 5000 } })
    await held.ready()
    held.release()
    const again = place({ ...runs('puppet.mjs'), pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 5000 } })
    assert.equal(again, held)
    again.release()
    assert.equal(workers(), 1)
    clock.advance(5000)
    await until('the worker is gone', () => workers() === 0)
    await until('its place is another', () => {
      const fresh = place({ ...runs('puppet.mjs'), pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 5000 } })
      fresh.release()
      return fresh !== held
    })
  })

  for (const [isolation, session] of [['session', 's1'], ['call', undefined]] as const) {
    it(`${isolation}: the worker goes with its last holder, also while it starts`, async (t) => {
      const { place, workers, told } = await start(t)
      const who = session === undefined ? {} : { session }
      const held = place({ ...runs('puppet.mjs'), isolation }, who)
      await held.ready()
      held.release()
      // While it ends, whoever still has something to ask starts no other, which nobody would end.
      await assert.rejects(held.ready(), { code: 'GW_CANCELLED' })
      await until('it is gone', () => workers() === 0)
      const slow = place({ ...runs('never-initializes.mjs'), isolation }, who)
      const starting = slow.ready()
      await until('it starts', () => workers() === 1)
      slow.release()
      await assert.rejects(starting, { code: 'GW_CANCELLED' })
      await until('it is gone', () => workers() === 0)
      await assert.rejects(slow.ready(), { code: 'GW_CANCELLED' })
      assert.deepEqual([workers(), told], [0, ['opened']])
    })
  }

  it('session: a worker with two holders stays for the second; a caller without a session is keyed as the user', async (t) => {
    const { place, workers } = await start(t)
    const settings = { ...runs('puppet.mjs'), isolation: 'session' } as const
    const [one, other] = [place(settings, { session: 's1' }), place(settings, { session: 's1' })]
    await one.ready()
    one.release()
    assert.ok((await other.ready()).open)
    const plain = place(settings)
    assert.notEqual(plain.key, one.key)
    await plain.ready()
    plain.release()
    assert.equal(workers(), 2)
  })

  it('user: a start goes on without holders, and whoever comes back finds it', async (t) => {
    const { place, workers } = await start(t)
    const first = place(runs('slow-start.mjs', '100'))
    const starting = first.ready()
    first.release()
    const second = place(runs('slow-start.mjs', '100'))
    assert.equal(second, first)
    assert.equal(await second.ready(), await starting)
    assert.equal(workers(), 1)
  })

  for (const [what, settings] of [['a server that ends', runs('exits-at-start.mjs')], ['a program that is not there', { command: '/no/such/program' }]] as const) {
    it(`a start that fails when nobody is left leaves no place behind: ${what}`, async (t) => {
      const { place } = await start(t)
      const held = place(settings)
      const starting = held.ready()
      held.release()
      await assert.rejects(starting, { code: 'GW_UPSTREAM_START' })
      // Asking for the place would forget it; only a forgotten one refuses like this.
      await until('it is forgotten', () => held.ready().then(() => false, ({ code }: GatewayError) => code === 'GW_CANCELLED'))
    })
  }
})

describe('idle workers', () => {
  it('end after idleMs, but never under an open stream or call; the next caller gets a fresh one', async (t) => {
    const { place, clock } = await start(t)
    const pool = { warm: 0, max: 9, maxPerTenant: 9, idleMs: 5000 }
    const [idle, streaming, calling] = ['a', 'b', 'c'].map((user) => place({ ...runs('puppet.mjs'), pool }, { user })) as [Place, Place, Place]
    const [first] = await Promise.all([idle.ready(), streaming.ready(), calling.ready()])
    streaming.streamOpened()
    const handle = (await calling.ready()).call(testCall())
    clock.advance(5000)
    await until('the idle one has ended', () => idle.connection === undefined)
    assert.deepEqual([streaming.connection?.open, calling.connection?.open, first.open], [true, true, false])
    assert.notEqual((await idle.ready()).pid, first.pid)
    streaming.streamClosed()
    handle.cancel('client_cancelled')
    clock.advance(5000)
    await until('they end too', () => streaming.connection === undefined && calling.connection === undefined)
  })

  it('make room for others: the longest idle of those that count, of strangers only after ten seconds', async (t) => {
    const { place, clock, connections, workers } = await start(t, { global: { maxWorkers: 3 } })
    const [mine, bobs, stranger] = [place(), place(runs('puppet.mjs'), { user: 'bob' }), place(runs('puppet.mjs'), { tenant: 'globex' })]
    await stranger.ready()
    clock.advance(9999)
    await mine.ready()
    clock.advance(1)
    await bobs.ready()
    stranger.streamOpened()
    const owner = { tenant: brandAs<never>('acme'), user: brandAs<never>('carol'), server: brandAs<ServerName>('srv') }
    assert.equal(await connections.makeRoom({ ...owner, tenant: brandAs('initech') }, 'all'), false)
    assert.equal(await connections.makeRoom(owner, 'user'), false)
    // A third one of acme: the colleague who has been idle longest goes, not the stranger.
    await place(runs('puppet.mjs'), { user: 'carol' }).ready()
    assert.deepEqual([mine.connection, bobs.connection?.open, stranger.connection?.open, workers()], [undefined, true, true, 3])
    stranger.streamClosed()
    clock.advance(10_000)
    await place(runs('puppet.mjs'), { tenant: 'initech' }).ready()
    assert.deepEqual([bobs.connection, stranger.connection?.open], [undefined, true])
  })
})

describe('starts that fail', () => {
  it('say why to operators, and slow the next down for that user alone', async (t) => {
    const { place, connections, clock, told } = await start(t)
    const held = place(runs('exits-at-start.mjs', '3'))
    await assert.rejects(held.ready(), { code: 'GW_UPSTREAM_START' })
    const failure = connections.lastFailure(held.server)
    assert.deepEqual([failure?.code, failure?.stderr], ['GW_UPSTREAM_START', 'ready\ncannot start: no token\n'])
    await assert.rejects(held.ready(), (error: GatewayError) => error.code === 'GW_UPSTREAM_UNAVAILABLE' && error.details.retryAfterS === 1)
    await assert.rejects(place(runs('exits-at-start.mjs', '3'), { user: 'bob' }).ready(), { code: 'GW_UPSTREAM_START' })
    clock.advance(500)
    await assert.rejects(held.ready(), { code: 'GW_UPSTREAM_START' })
    assert.deepEqual(told, ['failed GW_UPSTREAM_START', 'failed GW_UPSTREAM_START', 'failed GW_UPSTREAM_START'])
  })

  it('at isolation call, too, although every call has its own key (FR04)', async (t) => {
    const { place } = await start(t)
    const settings = { ...runs('exits-at-start.mjs'), isolation: 'call' } as const
    await assert.rejects(place(settings).ready(), { code: 'GW_UPSTREAM_START' })
    await assert.rejects(place(settings).ready(), { code: 'GW_UPSTREAM_UNAVAILABLE' })
  })

  it('a server that never initializes costs its callers startTimeoutMs, and is ended', async (t) => {
    const { place, workers } = await start(t)
    await assert.rejects(place({ ...runs('never-initializes.mjs'), startTimeoutMs: 300 }).ready(), { code: 'GW_UPSTREAM_START' })
    await until('it is gone', () => workers() === 0)
  })

  it('a turn to start that does not come in time is no failure of the server (FR03)', async (t) => {
    const { place, workers } = await start(t, { global: { maxStarting: 1 } })
    const starting = place({ ...runs('slow-start.mjs', '4000') }).ready()
    await until('it starts', () => workers() === 1)
    const second = place({ ...runs('puppet.mjs'), startTimeoutMs: 2000 }, { user: 'bob' })
    await assert.rejects(second.ready(), (error: GatewayError) => error.code === 'GW_UPSTREAM_UNAVAILABLE' && (error.details.retryAfterS ?? 0) > 0)
    // No back-off: as soon as there is a turn, it starts.
    await starting
    assert.ok((await second.ready()).open)
  })

  it('a bound that is hit says nothing about the server', async (t) => {
    const { place, connections } = await start(t, { global: { maxWorkersPerUser: 1 } })
    const connection = await place().ready()
    connection.call(testCall())
    const other = place({ ...runs('puppet.mjs'), entryHash: '2' })
    await assert.rejects(other.ready(), { code: 'GW_LIMIT_WORKERS' })
    assert.equal(connections.lastFailure(other.server), undefined)
    connection.notify('puppet/exit', { code: 0 })
    await until('there is room', () => !connection.open)
    assert.ok((await other.ready()).open)
  })
})

describe('crashes (FR01, FR04)', () => {
  it('are told to the peer once; the next caller gets a fresh worker, a loop is slowed', async (t) => {
    const { place, peers } = await start(t)
    const held = place(runs('puppet.mjs'))
    const pids = new Set<number | undefined>()
    for (let count = 1; count <= 3; count++) {
      const connection = await held.ready()
      pids.add(connection.pid)
      connection.notify('puppet/exit', { code: 9 })
      await until('the end', () => peers.get(held)?.ends === count)
      assert.equal(held.connection, undefined)
    }
    assert.equal(pids.size, 3)
    await assert.rejects(held.ready(), { code: 'GW_UPSTREAM_UNAVAILABLE' })
  })

  it('an end by ourselves is none', async (t) => {
    const { place, clock, peers } = await start(t)
    const held = place({ ...runs('puppet.mjs'), pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 10 } })
    for (let count = 1; count <= 4; count++) {
      await held.ready()
      clock.advance(10)
      await until('it was reaped', () => peers.get(held)?.ends === count)
    }
    assert.ok((await held.ready()).open)
  })
})

describe('closing', () => {
  it('ends workers, starting ones at once, and starts no more', async (t) => {
    const { place, connections, workers } = await start(t)
    const running = await place(runs('puppet.mjs')).ready()
    const call = testCall()
    running.call(call)
    const starting = place(runs('never-initializes.mjs'), { user: 'bob' }).ready()
    const rejected = assert.rejects(starting, { code: 'GW_DRAINING' })
    await until('both are there', () => workers() === 2)
    let isClosed = false
    const closing = connections.close().then(() => { isClosed = true })
    await until('it is closed long before the server would have had to initialize', () => isClosed)
    await Promise.all([closing, rejected])
    assert.deepEqual([running.open, call.replies.length, workers()], [false, 1, 0])
    await assert.rejects(place({}, { user: 'carol' }).ready(), { code: 'GW_DRAINING' })
  })
})

it('status tells of each worker, and of nobody in particular where users share it', async (t) => {
  const { place, connections, clock } = await start(t)
  const own = await place(runs('puppet.mjs')).ready()
  await place({ ...runs('puppet.mjs'), isolation: 'shared' }, { tenant: 'globex' }).ready()
  const starting = place({ ...runs('never-initializes.mjs'), isolation: 'tenant' }).ready().catch(() => undefined)
  place({}, { user: 'nobody' })
  own.call(testCall())
  clock.advance(7)
  const states = connections.status().map(({ tenant, user, state, inFlight, idleMs }) => [tenant, user, state, inFlight, idleMs])
  assert.deepEqual(states, [['acme', 'alice', 'running', 1, 0], [undefined, undefined, 'running', 0, 7], ['acme', undefined, 'starting', 0, 0]])
  await connections.close()
  await starting
})
