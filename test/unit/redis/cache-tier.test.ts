import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createCache, type Cache, type SharedTier, type Slot } from '../../../src/cache/index.ts'
import { createSharedTier, createSignedValues, keysFor } from '../../../src/redis/index.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { openStore, redisSettings } from './open-store.ts'

type Value = { readonly text: string }
const slotOf = (group: string, id = 'request'): Slot<Value> => ({ topic: { group, kind: 'tools' }, id, isShared: true, codec: { toJson: (value) => value, fromJson: (json) => json as Value } })

describe('what replicas keep together', () => {
  let redis: TestRedis
  before(async () => { redis = await startRedis() })
  after(async () => { await redis.stop() })

  interface Side { readonly tier: SharedTier, readonly cache: Cache, readonly forged: { count: number }, readonly wall: { ms: number } }

  async function side (test: TestContext): Promise<Side> {
    const { store } = await openStore(test, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
    const forged = { count: 0 }
    const tier = createSharedTier({ store, keys: keysFor('db:'), signed: createSignedValues('0123456789abcdef0123456789abcdef', () => { forged.count++ }) })
    const wall = { ms: Date.now() }
    let isListening = false
    const watched = Object.create(tier, {
      onChanged: { value: ((onChanged, onGap) => tier.onChanged(onChanged, () => { onGap(); isListening = true })) satisfies SharedTier['onChanged'] }
    }) as SharedTier
    const cache = createCache({ maxBytes: 1e6, nowMs: () => wall.ms, wallMs: () => wall.ms, shared: watched })
    test.after(() => { cache.close() })
    await until('it hears the others', () => isListening)
    return { tier, cache, forged, wall }
  }

  /** Reads through Redis and keeps the text, as the gateway does. */
  async function keep ({ cache, tier }: Side, slot: Slot<Value>, text: string, ttlMs = 60_000): Promise<void> {
    const asked = await cache.fromReplicas(slot)
    assert.ok(asked !== undefined)
    cache.keep(slot, asked.reading, { text }, text.length, ttlMs)
    await until('it is written', async () => (await tier.read(slot.topic, slot.id)).text?.includes(text))
  }

  const shared = async ({ cache }: Side, slot: Slot<Value>): Promise<string | undefined> => (await cache.fromReplicas(slot))?.kept?.value.text

  it('one replica is given what another has read, with the age that it has', async (t) => {
    const [one, two] = [await side(t), await side(t)]
    await keep(one, slotOf('age'), 'read by one')
    two.wall.ms = one.wall.ms + 20_000
    const asked = await two.cache.fromReplicas(slotOf('age'))
    assert.deepEqual([asked?.kept?.value, two.wall.ms - (asked?.kept?.atMs ?? 0), asked?.kept?.ttlMs], [{ text: 'read by one' }, 20_000, 60_000])
    assert.equal(two.cache.last(slotOf('age'))?.value.text, 'read by one')
    assert.equal(await shared(two, slotOf('age', 'another request')), undefined)
    assert.equal(await shared(two, slotOf('another group')), undefined)
  })

  it('a change on one is heard on the other, voids what both keep, and overtakes a reading under way', async (t) => {
    const [one, two] = [await side(t), await side(t)]
    const slot = slotOf('change')
    await keep(one, slot, 'before')
    assert.equal(await shared(two, slot), 'before')
    const overtaken = await two.cache.fromReplicas(slotOf('change', 'second page'))
    one.cache.forget(slot.topic)
    await until('two has heard', () => two.cache.last(slot) === undefined)
    assert.deepEqual([await shared(one, slot), await shared(two, slot)], [undefined, undefined])
    assert.ok(overtaken !== undefined)
    two.cache.keep(slotOf('change', 'second page'), overtaken.reading, { text: 'old' }, 3, 60_000)
    await keep(two, slot, 'after')
    for (const id of [slot.id, 'second page']) two.tier.write(slot.topic, id, '{"old":true}', 60_000, overtaken.reading.generation ?? '')
    await keep(two, slotOf('written after these'), 'x')
    assert.deepEqual([await shared(one, slot), await shared(one, slotOf('change', 'second page'))], ['after', undefined])
  })

  it('a value that was edited, moved or put back is none, and counted (T22, T57)', async (t) => {
    const one = await side(t)
    await keep(one, slotOf('alice'), 'of alice')
    await keep(one, slotOf('bob'), 'of bob')
    const key = (group: string): string => keysFor('db:').cacheEntry(group, 'tools', 'request')
    const old = await redis.cli('get', key('alice'))
    const two = await side(t)
    await redis.cli('set', key('bob'), old, 'px', '60000')
    assert.equal(await shared(two, slotOf('bob')), undefined)
    await redis.cli('set', key('alice'), old.replace('of alice', 'of mallory'), 'px', '60000')
    assert.equal(await shared(two, slotOf('alice')), undefined)
    await redis.cli('set', key('alice'), '{"a":1,"t":1,"v":{}}', 'px', '60000')
    assert.equal(await shared(two, slotOf('alice')), undefined)
    assert.equal(two.forged.count, 3)
    one.cache.forget(slotOf('alice').topic)
    await until('the change is there', async () => (await one.tier.read(slotOf('alice').topic, 'request')).generation !== '')
    await redis.cli('set', key('alice'), old, 'px', '60000')
    assert.equal(await shared(two, slotOf('alice')), undefined, 'of an older generation')
    assert.equal(two.forged.count, 3)
  })

  it('every key ends, nothing is large, and nothing waits for a Redis that is away (FR20, FR25)', async (t) => {
    const one = await side(t)
    await keep(one, slotOf('ends'), 'short', 5000)
    one.cache.forget(slotOf('other').topic)
    const large = await one.cache.fromReplicas(slotOf('large'))
    assert.ok(large !== undefined)
    one.cache.keep(slotOf('large'), large.reading, { text: 'x'.repeat(300_000) }, 300_000, 60_000)
    await keep(one, slotOf('last'), 'written after the large one')
    assert.equal((await one.tier.read(slotOf('large').topic, 'request')).text, undefined)
    for (const key of (await redis.cli('keys', '*')).split('\n')) assert.ok(Number(await redis.cli('pttl', key)) > 0, key)
    await redis.kill()
    await until('it is away', async () => {
      await one.cache.fromReplicas(slotOf('x'))
      return !one.tier.isUp
    })
    assert.equal(one.cache.fromReplicas(slotOf('ends')), undefined)
    one.cache.forget(slotOf('ends').topic)
    assert.equal(one.cache.last(slotOf('ends')), undefined)
    await redis.start()
  })

  it('what was kept while changes may have gone unheard only stands in (FR20)', async (t) => {
    const one = await side(t)
    await keep(one, slotOf('gap'), 'before the gap')
    one.cache.keep(slotOf('gap'), one.cache.begin(), { text: 'kept' }, 4, 60_000)
    assert.equal(one.cache.last(slotOf('gap'))?.isDoubtful, false)
    await redis.cli('client', 'kill', 'type', 'pubsub')
    await until('it is in doubt', () => one.cache.last(slotOf('gap'))?.isDoubtful === true)
    assert.equal(one.cache.last(slotOf('gap'))?.value.text, 'kept')
  })
})
