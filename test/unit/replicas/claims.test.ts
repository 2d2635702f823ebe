/** Who owns whom, with a real Redis: no two replicas ever own one key, and no live owner loses one (FR23, FR30). */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Home } from '../../../src/replicas/index.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { createGroup, keyOf, type TestReplica } from './parts.ts'

describe('claims', () => {
  let redis: TestRedis
  before(async () => { redis = await startRedis() })
  beforeEach(async () => { await redis.cli('FLUSHALL') })
  after(async () => { await redis.stop() })

  it('are one replica\'s, however many ask at once', async (t) => {
    const group = createGroup(t, redis)
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (name) => await group.add(name)))
    await eachKnows(all, 4)
    for (const key of [keyOf('acme', 'alice'), keyOf('acme', 'bob'), JSON.stringify(['globex'])]) {
      const homes = await Promise.all(Array.from({ length: 50 }, async (_, at) => ({ home: await all[at % 5]?.replicas.homeOf(key), at: at % 5 })))
      const owners = all.filter(({ replicas }) => replicas.owns(key))
      assert.equal(owners.length, 1)
      for (const { home, at } of homes) assert.equal(ownerBy(home, all[at]), owners[0]?.replicas.self.name)
    }
  })

  it('are remembered: who has met a caller asks nobody', async (t) => {
    const group = createGroup(t, redis)
    const [one, two] = [await group.add('one'), await group.add('two')]
    await eachKnows([one, two], 1)
    assert.deepEqual(await one.replicas.homeOf(keyOf('acme', 'carol')), { at: 'here' })
    assert.deepEqual(one.replicas.homeOf(keyOf('acme', 'carol')), { at: 'here' })
    assert.equal(ownerBy(await two.replicas.homeOf(keyOf('acme', 'carol')), two), 'one')
    assert.equal(ownerBy(two.replicas.homeOf(keyOf('acme', 'carol')) as Home, two), 'one')
  })

  it('of a dead replica go to another one, and to one only', async (t) => {
    const group = createGroup(t, redis)
    const all = [await group.add('one'), await group.add('two'), await group.add('three')]
    const [one, two, three] = all as [TestReplica, TestReplica, TestReplica]
    await eachKnows(all, 2)
    const key = keyOf('acme', 'dave')
    assert.deepEqual(await one.replicas.homeOf(key), { at: 'here' })
    assert.equal(ownerBy(await two.replicas.homeOf(key), two), 'one')
    await one.die()
    const dead = await Promise.all([two, three].map(async ({ replicas }) => await replicas.isDead(one.replicas.self)))
    assert.deepEqual(dead, [true, true])
    const homes = await Promise.all([two, three].map(async (replica) => ownerBy(await replica.replicas.homeOf(key), replica)))
    assert.equal(new Set(homes).size, 1, homes.join())
    assert.equal([two, three].filter(({ replicas }) => replicas.owns(key)).length, 1)
    assert.ok([...two.told, ...three.told].includes('stolen'))
  })

  it('are not taken from a replica that lives, though it refuses a connection once', async (t) => {
    // Whoever refuses and is half a heartbeat late is dead: that is half a second here, which a busy machine does not use up.
    const group = createGroup(t, redis, 1000)
    const [one, two] = [await group.add('one'), await group.add('two')]
    await eachKnows([one, two], 1)
    const key = keyOf('acme', 'erin')
    await one.replicas.homeOf(key)
    one.reach = 'refused'
    assert.equal(await two.replicas.isDead(one.replicas.self), false)
    one.reach = 'answers'
    await until('it is believed again', async () => ownerBy(await two.replicas.homeOf(key), two) === 'one')
    assert.equal(two.replicas.owns(key), false)
  })

  it('outlive a store that forgets everything: nobody takes a live owner\'s key (FR23)', async (t) => {
    const group = createGroup(t, redis)
    const [one, two] = [await group.add('one'), await group.add('two')]
    await eachKnows([one, two], 1)
    const keys = Array.from({ length: 20 }, (_, at) => keyOf(`t${at % 3}`, `u${at}`))
    for (const key of keys) assert.deepEqual(await one.replicas.homeOf(key), { at: 'here' })
    await redis.cli('FLUSHALL')
    // Right after it, before the owner has had a chance to write anything again.
    const homes = await Promise.all(keys.map(async (key) => ownerBy(await two.replicas.homeOf(key), two)))
    assert.deepEqual(homes, keys.map(() => 'one'))
    await until('they are in the store again', async () => Number(await redis.cli('EVAL', "return #redis.call('KEYS', 'db:*:owner:*')", '0')) === keys.length)
    assert.ok(!one.told.some((what) => what.startsWith('fenced')), one.told.join())
  })

  it('end where another replica has a newer one (fencing)', async (t) => {
    const group = createGroup(t, redis)
    const [one, two] = [await group.add('one'), await group.add('two')]
    await eachKnows([one, two], 1)
    const key = keyOf('acme', 'frank')
    await one.replicas.homeOf(key)
    // As if `one` had stood still for so long that it was taken for dead.
    const [claim = ''] = (await redis.cli('KEYS', 'db:{t:acme}:owner:*frank*')).split('\n')
    await redis.cli('HSET', claim, 'by', two.replicas.self.instance, 'fence', '9000000000000000')
    await until('the first ends what it has', () => one.told.includes(`fenced ${key}`), 15_000)
    assert.equal(one.replicas.owns(key), false)
  })

  it('are given back, and found free by others', async (t) => {
    const group = createGroup(t, redis)
    const [one, two] = [await group.add('one'), await group.add('two')]
    await eachKnows([one, two], 1)
    const key = keyOf('acme', 'grace')
    await one.replicas.homeOf(key)
    assert.equal(ownerBy(await two.replicas.homeOf(key), two), 'one')
    one.replicas.release(key)
    await until('the other one has it', async () => {
      two.replicas.forget(key)
      return ownerBy(await two.replicas.homeOf(key), two) === 'two'
    })
  })

  it('of new callers go to others while one drains', async (t) => {
    const group = createGroup(t, redis)
    const [one, two] = [await group.add('one'), await group.add('two')]
    await eachKnows([one, two], 1)
    const old = keyOf('acme', 'old')
    await one.replicas.homeOf(old)
    await one.replicas.drain()
    await until('it is known', () => two.replicas.named('one')?.isDraining)
    assert.equal(ownerBy(await one.replicas.homeOf(keyOf('acme', 'new')), one), 'two')
    assert.equal(ownerBy(await one.replicas.homeOf(old), one), 'one')
    assert.equal(ownerBy(await two.replicas.homeOf(old), two), 'one')
  })
})

/** Name of the replica that a request would be served by; what kind of answer it is where there is none. */
function ownerBy (home: Home | undefined, at: TestReplica | undefined): string | undefined {
  if (home?.at === 'here') return at?.replicas.self.name
  return home?.at === 'replica' ? home.replica.name : home?.at
}

async function eachKnows (all: readonly TestReplica[], others: number): Promise<void> {
  await until('they know each other', () => all.every(({ replicas }) => replicas.live().length === others + 1))
}
