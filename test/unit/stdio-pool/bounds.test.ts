import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Containment } from '../../../src/sandbox/index.ts'
import { countsAgainst } from '../../../src/stdio-pool/index.ts'
import { uncontained } from '../../../src/stdio-pool/uncontained.ts'
import type { Worker, WorkerBound, WorkerLaunch, WorkerLimits, WorkerOwner } from '../../../src/stdio-pool/index.ts'
import type { GlobalPoolSettings } from '../../../src/shared/settings/pool.ts'
import { allProcesses } from '../../helpers/processes.ts'
import { until } from '../../helpers/until.ts'
import { bench, limits, never, owner } from './pool-parts.ts'

const CAT = { command: '/bin/cat' }

interface BoundCase {
  readonly bound: WorkerBound
  readonly global?: Partial<GlobalPoolSettings>
  readonly more?: Partial<WorkerLimits>
  readonly fills: readonly WorkerOwner[]
  readonly refused: WorkerOwner
  readonly admitted: WorkerOwner
}

const perServer = (max: number, maxPerTenant: number): Partial<WorkerLimits> => ({ server: (name) => name === 's1' ? { warm: 0, max, maxPerTenant, idleMs: 1 } : undefined })

const CASES: readonly BoundCase[] = [
  { bound: 'all', global: { maxWorkers: 2 }, fills: [owner('s1'), owner('s2', 'a', 'u')], refused: owner('s3', 'b', 'v'), admitted: owner('s1') },
  { bound: 'server', more: perServer(2, 9), fills: [owner('s1'), owner('s1', 'a', 'u')], refused: owner('s1', 'b', 'v'), admitted: owner('s2', 'b', 'v') },
  { bound: 'server_tenant', more: perServer(9, 2), fills: [owner('s1', 'a'), owner('s1', 'a', 'u')], refused: owner('s1', 'a', 'v'), admitted: owner('s1', 'b', 'v') },
  { bound: 'tenant', global: { maxWorkersPerTenant: 2 }, fills: [owner('s1', 'a', 'u'), owner('s2', 'a')], refused: owner('s3', 'a', 'v'), admitted: owner('s3', 'b', 'u') },
  { bound: 'tenant', more: { tenantWorkers: (tenant) => tenant === 'a' ? 1 : undefined }, fills: [owner('s1', 'a', 'u')], refused: owner('s2', 'a', 'v'), admitted: owner('s2', 'b', 'u') },
  { bound: 'user', global: { maxWorkersPerUser: 2 }, fills: [owner('s1', 'a', 'u'), owner('s2', 'a', 'u')], refused: owner('s3', 'a', 'u'), admitted: owner('s3', 'b', 'u') }
]

describe('bounds on workers (T55)', () => {
  for (const { bound, global, more, fills, refused, admitted } of CASES) {
    it(`${bound}: ${fills.length} run, one more does not, a place given back is free`, async (t) => {
      const { pool, launch } = await bench(t, { limits: limits(global, more) })
      const start = (who: WorkerOwner): Promise<Worker> => pool.start(launch(CAT), who, never)
      const running = await Promise.all(fills.map(start))
      await assert.rejects(start(refused), (error: { code?: string, details?: { reason?: string, retryAfterS?: number } }) => {
        return error.code === 'GW_LIMIT_WORKERS' && error.details?.reason?.includes(`(${bound})`) === true && (error.details.retryAfterS ?? 0) >= 1
      })
      if (bound !== 'all') await start(admitted)
      await running[0]?.stop()
      await start(refused)
      assert.equal(pool.stats().starting, fills.length + (bound === 'all' ? 0 : 1))
    })
  }

  it('tenants and users cannot be named into each other\'s count', async (t) => {
    const { pool, launch } = await bench(t, { limits: limits({ maxWorkersPerUser: 1, maxWorkersPerTenant: 2 }) })
    const names: Array<[string, string]> = [['a', 'bc'], ['ab', 'c'], ['a', 'b"c'], ['a"', 'bc'], ['["a"', 'b'], ['a\0b', 'c'], ['', 'a']]
    await Promise.all(names.map(([tenant, user]) => pool.start(launch(CAT), owner('s1', tenant, user), never)))
    assert.equal(pool.stats().byServer.get(owner('s1').server), names.length)
  })

  it('a failed start gives its place back', async (t) => {
    const { pool, launch } = await bench(t, { limits: limits({ maxWorkers: 1, maxStarting: 1 }) })
    for (let count = 0; count < 3; count++) await assert.rejects(pool.start(launch({ command: '/no/such' }), owner(), never), { code: 'GW_UPSTREAM_START' })
    await pool.start(launch(CAT), owner(), never)
  })

  it('a process whose containment fails after its start gives its place back once, and is gone by then', async (t) => {
    let isBroken = false
    const started: number[] = []
    const contain = async (launch: WorkerLaunch): Promise<Containment> => ({
      ...await uncontained(launch),
      started: async (pid) => {
        started.push(pid)
        if (isBroken) throw new Error('no such mount')
      }
    })
    const { pool, launch, log } = await bench(t, { contain, limits: limits({ maxWorkers: 2, maxStarting: 2 }) })
    const start = async (): Promise<Worker> => await pool.start(launch(CAT), owner(), never)
    await start()
    isBroken = true
    await assert.rejects(start(), { code: 'GW_UPSTREAM_START' })
    assert.equal(allProcesses().some(({ pid, state }) => pid === started[1] && state !== 'Z'), false)
    isBroken = false
    await start()
    await assert.rejects(start(), { code: 'GW_LIMIT_WORKERS' })
    assert.deepEqual([log.filter((line) => line.startsWith('ended')), pool.stats().starting], [['ended spawn_failed'], 2])
  })

  it('counts against a bound only what that bound counts', () => {
    const [me, colleague, stranger, shared] = [owner('s1', 'a', 'u'), owner('s1', 'a', 'v'), owner('s2', 'b', 'u'), owner('s1')]
    const counted = (bound: WorkerBound): boolean[] => [me, colleague, stranger, shared].map((other) => countsAgainst(bound, me, other))
    assert.deepEqual(counted('all'), [true, true, true, true])
    assert.deepEqual(counted('server'), [true, true, false, true])
    assert.deepEqual(counted('server_tenant'), [true, true, false, false])
    assert.deepEqual(counted('tenant'), [true, true, false, false])
    assert.deepEqual(counted('user'), [true, false, false, false])
  })
})

describe('making room', () => {
  it('asks with the bound that is hit, and starts when the idle worker has ended', async (t) => {
    const asked: string[] = []
    const running: Worker[] = []
    const { pool, launch } = await bench(t, {
      limits: limits({ maxWorkersPerUser: 1 }),
      makeRoom: async (_owner, bound) => {
        asked.push(bound)
        running.shift()?.stop().catch(assert.fail)
        return true
      }
    })
    for (let count = 0; count < 3; count++) running.push(await pool.start(launch(CAT), owner('s1', 'a', 'u'), never))
    assert.deepEqual(asked, ['user', 'user'])
    assert.equal(pool.stats().byServer.get(owner('s1').server), 1)
  })

  it('does not end a second worker for a place that one is already giving up', async (t) => {
    let asked = 0
    const { pool, launch } = await bench(t, { limits: limits({ maxWorkers: 2 }), makeRoom: async () => { asked += 1; return false } })
    const first = await pool.start(launch(CAT), owner('s1'), never)
    await pool.start(launch(CAT), owner('s1'), never)
    const stopping = first.stop()
    await pool.start(launch(CAT), owner('s2'), never)
    await stopping
    assert.equal(asked, 0)
  })

  it('refuses a caller whose makeRoom promises and never delivers', async (t) => {
    const { pool, launch } = await bench(t, { limits: limits({ maxWorkers: 1 }), makeRoom: async () => true })
    await pool.start(launch(CAT), owner(), never)
    await assert.rejects(pool.start(launch(CAT), owner(), never), { code: 'GW_LIMIT_WORKERS' })
  })

  it('lets a caller go that waits for an end', async (t) => {
    const { pool, launch } = await bench(t, { limits: limits({ maxWorkers: 1 }) })
    const stubborn = await pool.start(launch({ command: '/bin/sh', args: ['-c', 'trap "" TERM; while :; do sleep 1; done'] }), owner(), never)
    const stopping = stubborn.stop()
    const leave = new AbortController()
    const waiting = pool.start(launch(CAT), owner(), leave.signal)
    leave.abort()
    await assert.rejects(waiting, { code: 'GW_CANCELLED' })
    stubborn.kill()
    await stopping
  })
})

describe('the starting line (FR03)', () => {
  it('lets so many start at once, the rest in order as others settle, fail or die', async (t) => {
    const { pool, launch } = await bench(t, { limits: limits({ maxStarting: 2 }) })
    const order: number[] = []
    const starts = Array.from({ length: 6 }, (_, index) => pool.start(launch(CAT), owner(), never).then((worker) => { order.push(index); return worker }))
    const [first, second] = await Promise.all([starts[0], starts[1]])
    assert.equal(pool.stats().starting, 2)
    if (first !== undefined) pool.settled(first)
    const third = await starts[2]
    // The first two start side by side: which of them is there first is nobody's promise.
    assert.deepEqual([order.slice(0, 2).sort(), order[2], pool.stats()], [[0, 1], 2, { running: 1, starting: 2, byServer: new Map([['srv', 3]]) }])
    second?.kill()
    await starts[3]
    if (third !== undefined) { pool.settled(third); pool.settled(third) }
    await starts[4]
    assert.deepEqual(order.slice(2), [2, 3, 4])
    assert.equal(pool.stats().starting, 2)
    await Promise.all([pool.close(), assert.rejects(starts[5] ?? Promise.resolve(), { code: 'GW_DRAINING' })])
  })

  it('can be left, and then costs nobody a place', async (t) => {
    const { pool, launch } = await bench(t, { limits: limits({ maxStarting: 1, maxWorkers: 3 }) })
    const first = await pool.start(launch(CAT), owner(), never)
    const leave = new AbortController()
    const left = pool.start(launch(CAT), owner(), leave.signal)
    const next = pool.start(launch(CAT), owner(), never)
    leave.abort(new Error('the caller is gone'))
    await assert.rejects(left, { code: 'GW_CANCELLED' })
    pool.settled(first)
    pool.settled(await next)
    await pool.start(launch(CAT), owner(), never)
    await assert.rejects(pool.start(launch(CAT), owner(), never), { code: 'GW_LIMIT_WORKERS' })
  })

  it('is not entered by a caller who is gone already', async (t) => {
    const { pool, launch, log } = await bench(t)
    await assert.rejects(pool.start(launch(CAT), owner(), AbortSignal.abort()), { code: 'GW_CANCELLED' })
    assert.deepEqual(log, [])
  })

  it('a bound that was raised meanwhile holds at the next change', async (t) => {
    let maxStarting = 1
    const { pool, launch } = await bench(t, { limits: limits({}, { global: () => ({ ...limits().global(), maxStarting }) }) })
    const first = await pool.start(launch(CAT), owner(), never)
    const waiting = [1, 2, 3].map(() => pool.start(launch(CAT), owner(), never))
    maxStarting = 3
    pool.settled(first)
    await until('three starting', () => pool.stats().starting === 3)
    await Promise.all(waiting)
  })
})
