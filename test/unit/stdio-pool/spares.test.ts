import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { prepareLaunch } from '../../../src/stdio-pool/index.ts'
import type { MakeRoom, Worker } from '../../../src/stdio-pool/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { until } from '../../helpers/until.ts'
import { bench, fixture, host, identity, limits, never, owner } from './pool-parts.ts'
import type { Bench } from './pool-parts.ts'

const echo = { args: [fixture('echo.mjs')] }
const alice = owner('srv', 'acme', 'alice')
const bob = owner('srv', 'acme', 'bob')

async function spareOf ({ pool, dir }: Bench): Promise<Worker> {
  const launch = prepareLaunch(serverSettings(echo), identity(), { stateDir: dir, workerKey: 'spare' }, host)
  const spare = await pool.startSpare(launch, owner().server, never)
  pool.settled(spare)
  return spare
}

suite('a spare', () => {
  test('belongs to nobody until it is bound, and to its owner for good then', async (t) => {
    const at = await bench(t)
    const spare = await spareOf(at)
    assert.deepEqual([spare.isSpare, spare.owner], [true, { server: 'srv' }])
    assert.equal(await at.pool.bind(() => spare, alice, never), spare)
    assert.deepEqual([spare.isSpare, spare.owner], [false, alice])
    assert.equal(await at.pool.bind(() => spare, bob, never), undefined)
    assert.deepEqual(spare.owner, alice)
    assert.deepEqual(at.log, ['started', 'bound'])
  })

  test('that two callers want is given to one of them', async (t) => {
    const at = await bench(t)
    const spare = await spareOf(at)
    const [first, second] = await Promise.all([at.pool.bind(() => spare, alice, never), at.pool.bind(() => spare, bob, never)])
    assert.deepEqual([first, second], [spare, undefined])
    assert.deepEqual(spare.owner, alice)
  })

  test('that has ended is given to nobody', async (t) => {
    const at = await bench(t)
    const spare = await spareOf(at)
    spare.kill()
    assert.equal(await at.pool.bind(() => spare, alice, never), undefined)
  })

  test('ends no idle worker to be started, and is refused at a bound', async (t) => {
    let asked = 0
    const makeRoom: MakeRoom = async () => { asked++; return false }
    const at = await bench(t, { limits: limits({ maxWorkers: 1 }), makeRoom })
    await at.open(echo)
    await assert.rejects(spareOf(at), { code: 'GW_LIMIT_WORKERS' })
    assert.equal(asked, 0)
  })
})

suite('the bounds of the owner hold when a spare is bound', () => {
  test('a bound that is hit leaves the spare to others', async (t) => {
    const at = await bench(t, { limits: limits({ maxWorkersPerUser: 1 }) })
    const [one, two] = [await spareOf(at), await spareOf(at)]
    await at.pool.bind(() => one, alice, never)
    await assert.rejects(at.pool.bind(() => two, alice, never), { code: 'GW_LIMIT_WORKERS' })
    assert.equal(two.isSpare, true)
    assert.equal(await at.pool.bind(() => two, bob, never), two)
  })

  test('the place that the spare holds already is not counted twice', async (t) => {
    const at = await bench(t, { limits: limits({ maxWorkers: 1 }) })
    const spare = await spareOf(at)
    assert.equal(await at.pool.bind(() => spare, alice, never), spare)
  })

  test('what a bound spare takes is free again when it has ended', async (t) => {
    const at = await bench(t, { limits: limits({ maxWorkers: 2, maxWorkersPerUser: 1 }) })
    const one = await spareOf(at)
    await at.pool.bind(() => one, alice, never)
    await one.stop()
    await until('the place is free', () => at.pool.stats().running === 0)
    const two = await spareOf(at)
    assert.equal(await at.pool.bind(() => two, alice, never), two)
  })

  test('while room is made, the spare stays free for another owner', async (t) => {
    const gate = Promise.withResolvers<boolean>()
    const asked = Promise.withResolvers<undefined>()
    const makeRoom: MakeRoom = () => { asked.resolve(undefined); return gate.promise }
    const at = await bench(t, { limits: limits({ maxWorkersPerUser: 1 }), makeRoom })
    const [one, two] = [await spareOf(at), await spareOf(at)]
    await at.pool.bind(() => one, alice, never)
    const waiting = at.pool.bind(() => two.isSpare ? two : undefined, alice, never)
    await asked.promise
    assert.equal(await at.pool.bind(() => two, bob, never), two)
    gate.resolve(true)
    assert.equal(await waiting, undefined)
    assert.deepEqual(two.owner, bob)
  })
})
