/** Replicas without their store: what is known goes on, what is not is never guessed (reliability C, FR24). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { INSTANCE_CHARS } from '../../../src/replicas/index.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { createGroup, keyOf, type TestReplica } from './parts.ts'

async function pair (t: TestContext): Promise<{ readonly redis: TestRedis, readonly one: TestReplica, readonly two: TestReplica }> {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const group = createGroup(t, redis)
  const [one, two] = [await group.add('one'), await group.add('two')]
  await until('they know each other', () => one.replicas.live().length === 2 && two.replicas.live().length === 2)
  return { redis, one, two }
}

const away = async (...replicas: readonly TestReplica[]): Promise<void> => { await until('the store is away', () => replicas.every(({ store }) => store.isAway)) }

describe('while Redis is away', () => {
  it('owners and sessions that were met are served where they are', async (t) => {
    const { redis, one, two } = await pair(t)
    const key = keyOf('acme', 'alice')
    await one.replicas.homeOf(key)
    await two.replicas.homeOf(key)
    const id = one.replicas.newSessionId()
    await redis.kill()
    await away(one, two)
    assert.deepEqual(one.replicas.homeOf(key), { at: 'here' })
    assert.deepEqual(two.replicas.homeOf(key), { at: 'replica', replica: one.replicas.self })
    assert.deepEqual(two.replicas.homeOfSession(id), { at: 'replica', replica: one.replicas.self })
  })

  it('an owner that one of them has not met is asked for, and a new one goes where all would send it', async (t) => {
    const { redis, one, two } = await pair(t)
    const known = keyOf('acme', 'bob')
    await one.replicas.homeOf(known)
    await redis.kill()
    await away(one, two)
    assert.deepEqual(await two.replicas.homeOf(known), { at: 'replica', replica: one.replicas.self })
    for (let user = 0; user < 20; user++) {
      const key = keyOf('acme', `new ${user}`)
      const homes = [await one.replicas.homeOf(key), await two.replicas.homeOf(key)]
      // Each sends it to the same one, which then serves it.
      const chosen = homes.map((home, at) => home.at === 'here' ? [one, two][at]?.replicas.self.name : home.at === 'replica' ? home.replica.name : home.at)
      assert.equal(chosen[0], chosen[1])
    }
    await redis.start()
    await until('what was taken meanwhile is in the store', async () => {
      const owned = [...one.replicas.owned(), ...two.replicas.owned()].length
      return owned === 21 && Number(await redis.cli('EVAL', "return #redis.call('KEYS', 'db:*:owner:*')", '0')) === owned
    }, 20_000)
    assert.ok(![...one.told, ...two.told].some((what) => what.startsWith('fenced')))
  })

  it('nobody is placed when a replica that may be the owner does not answer', async (t) => {
    const { redis, one, two } = await pair(t)
    await redis.kill()
    await away(one, two)
    one.reach = 'silent'
    assert.deepEqual(await two.replicas.homeOf(keyOf('acme', 'carol')), { at: 'unknown' })
  })

  it('a session id of a replica that was never heard of is not called gone', async (t) => {
    const { redis, one, two } = await pair(t)
    await redis.kill()
    await away(one, two)
    await until('it was noticed', () => two.told.includes('beat failed'))
    assert.deepEqual(await two.replicas.homeOfSession(`three-${'x'.repeat(INSTANCE_CHARS)}${'y'.repeat(43)}`), { at: 'unknown' })
  })
})

describe('a replica that Redis does not hear of', () => {
  it('is asked before it is taken for dead: it keeps its sessions and keys (FR24)', async (t) => {
    const { redis, one, two } = await pair(t)
    const key = keyOf('acme', 'dora')
    await one.replicas.homeOf(key)
    const id = one.replicas.newSessionId()
    // As if its heartbeats did not come through, for longer than a listing lasts.
    await redis.cli('HDEL', 'db:{g:replicas}:live', one.replicas.self.instance)
    const end = performance.now() + 1000
    const homes = new Set<string>()
    await until('a while', async () => {
      await redis.cli('HDEL', 'db:{g:replicas}:live', one.replicas.self.instance)
      homes.add(JSON.stringify(two.replicas.homeOfSession(id)))
      return performance.now() > end
    })
    assert.deepEqual([...homes], [JSON.stringify({ at: 'replica', replica: one.replicas.self })])
    assert.deepEqual(await two.replicas.homeOf(key), { at: 'replica', replica: one.replicas.self })
    assert.ok(!two.told.includes('stolen'))
  })

  it('and that does not answer either is waited for: 503, and not 404', async (t) => {
    const { redis, one, two } = await pair(t)
    const key = keyOf('acme', 'erik')
    await one.replicas.homeOf(key)
    const id = one.replicas.newSessionId()
    one.reach = 'silent'
    await until('it has fallen silent', async () => {
      await redis.cli('HDEL', 'db:{g:replicas}:live', one.replicas.self.instance)
      const home = two.replicas.homeOfSession(id)
      return !(home instanceof Promise) && home.at === 'unknown'
    })
    const home = await two.replicas.homeOf(key)
    assert.notEqual(home.at, 'here')
  })

  it('and where nobody listens any more is dead after three heartbeats, though nobody asked for it and Redis lists it still', async (t) => {
    const { one, two } = await pair(t)
    const id = one.replicas.newSessionId()
    await one.die()
    await until('it is noticed', () => two.told.includes('left one refused'))
    assert.deepEqual(two.replicas.homeOfSession(id), { at: 'gone' })
  })

  it('and has said farewell is gone at once, though its address has gone with it and nobody is there to refuse a connection', async (t) => {
    const { one, two } = await pair(t)
    const [id, key] = [one.replicas.newSessionId(), keyOf('acme', 'alice')]
    assert.equal((await one.replicas.homeOf(key)).at, 'here')
    one.reach = 'silent'
    await one.replicas.close()
    await until('it is noticed', () => two.told.includes('left one farewell'), 5000)
    assert.deepEqual(two.replicas.homeOfSession(id), { at: 'gone' })
    assert.equal((await two.replicas.homeOf(key)).at, 'here')
  })

  it('is gone when nobody listens there any more: its sessions are, too', async (t) => {
    const { one, two } = await pair(t)
    const id = one.replicas.newSessionId()
    await one.die()
    assert.equal(await two.replicas.isDead(one.replicas.self), true)
    assert.deepEqual(two.replicas.homeOfSession(id), { at: 'gone' })
    assert.ok(two.told.includes('left one refused'))
  })
})
