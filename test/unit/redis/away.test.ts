/** What the store does when Redis is frozen, killed, not there yet or only a replica (FR20, FR21, FR22). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RedisAway, script, type RedisStore } from '../../../src/redis/index.ts'
import { freePort } from '../../helpers/free-port.ts'
import { startReplica } from '../../helpers/redis-sets.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { createStore, openStore, redisSettings } from './open-store.ts'

const APPEND = script('streams/append')
const TIMEOUT_MS = 100
/** What the machine may be late by; the bounds are about waiting for ever, not about milliseconds. */
const LATE_MS = 2000

async function server (t: { after: (end: () => Promise<void>) => void }): Promise<TestRedis> {
  const redis = await startRedis()
  t.after(async () => {
    redis.thaw()
    await redis.stop()
  })
  return redis
}

const at = (redis: TestRedis) => redisSettings({ kind: 'single', host: redis.host, port: redis.port }, { commandTimeoutMs: TIMEOUT_MS })

/** Milliseconds until the promise has ended, however. */
async function msUntilEnded (promise: Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await promise.catch(() => {})
  return performance.now() - startMs
}

test('frozen: nobody waits longer than a command may take, then nothing waits at all, and it is up again by itself (FR21)', async (t) => {
  const redis = await server(t)
  const { store, states, ended } = await openStore(t, at(redis))
  redis.freeze()
  const waits = await Promise.all(Array.from({ length: 20 }, async () => await msUntilEnded(store.get('db:a'))))
  assert.ok(Math.max(...waits) < TIMEOUT_MS + LATE_MS, `${Math.max(...waits)} ms`)
  assert.ok(Math.min(...waits) >= TIMEOUT_MS - 5, `${Math.min(...waits)} ms`)
  assert.equal(store.state, 'away')
  assert.equal(states.at(-1)?.reason, 'it does not answer')
  const startMs = performance.now()
  for (let times = 0; times < 1000; times++) await assert.rejects(store.get('db:a'), RedisAway)
  assert.ok(performance.now() - startMs < LATE_MS)
  assert.equal(ended.get('away'), 1000)
  redis.thaw()
  await until('it is up again', () => store.state === 'up')
  assert.equal(await store.get('db:a'), undefined)
})

test('three timeouts in a row it takes: answers in between count', async (t) => {
  const redis = await server(t)
  // Longer than the machine makes an answer wait: one such answer more would be the third in a row.
  const { store, ended } = await openStore(t, { ...at(redis), commandTimeoutMs: 5 * TIMEOUT_MS })
  for (let round = 0; round < 3; round++) {
    redis.freeze()
    await Promise.allSettled([store.get('db:a'), store.get('db:b')])
    redis.thaw()
    await until('it answers in time', async () => { await store.get('db:a'); return true })
  }
  assert.equal(ended.get('away'), undefined)
  assert.ok((ended.get('timeout') ?? 0) >= 6)
})

test('while it is frozen one command a second tries, and the return is no storm (FR21)', async (t) => {
  const redis = await server(t)
  const { store, ended } = await openStore(t, at(redis))
  redis.freeze()
  await Promise.allSettled(Array.from({ length: 3 }, async () => { await store.get('db:a') }))
  for (let times = 0; times < 500; times++) store.send(APPEND, ['db:s'], [10, 60_000, 'a', times])
  const startMs = performance.now()
  await until('two probes have failed', () => (ended.get('timeout') ?? 0) >= 5, 20_000)
  assert.ok(performance.now() - startMs > 1000)
  redis.thaw()
  await until('it is up again', () => store.state === 'up')
  assert.equal(await redis.cli('XLEN', 'db:s'), '0')
})

test('what was lost on the way is not sent again: it may have run', async (t) => {
  const redis = await server(t)
  const { store, states } = await openStore(t, at(redis))
  redis.freeze()
  const lost = Promise.allSettled(Array.from({ length: 10 }, async (_, at) => { await store.set(`db:lost-${at}`, 'x', 60_000) }))
  await redis.kill()
  assert.ok((await lost).every(({ status }) => status === 'rejected'))
  await redis.start()
  await until('it is up again', () => states.at(-1)?.state === 'up' && states.length >= 3)
  await store.set('db:after', 'x', 60_000)
  assert.equal(await redis.cli('KEYS', '*'), 'db:after')
})

test('killed: away at once, and up again within two seconds of its return (FR20)', async (t) => {
  const redis = await server(t)
  const { store, states } = await openStore(t, at(redis))
  await redis.kill()
  await until('it is away', () => store.state === 'away')
  const waits = await Promise.all(Array.from({ length: 100 }, async () => await msUntilEnded(store.get('db:a'))))
  assert.ok(Math.max(...waits) < LATE_MS)
  await redis.start()
  const backMs = performance.now()
  await until('it is up again', () => store.state === 'up')
  assert.ok(performance.now() - backMs < 2000 + LATE_MS)
  assert.deepEqual(states.map(({ state }) => state), ['up', 'away', 'up'])
})

test('a start with Redis away is no failure: it is used once it is there', async (t) => {
  const port = await freePort()
  const { store, states } = createStore(t, redisSettings({ kind: 'single', host: '127.0.0.1', port }))
  await until('it was tried', () => states.length > 0)
  assert.match(states[0]?.reason ?? '', /ECONNREFUSED/)
  await assert.rejects(store.get('db:a'), RedisAway)
  const redis = await startRedis({ port })
  t.after(async () => { await redis.stop() })
  await until('it is up', () => store.state === 'up')
  assert.equal(await store.get('db:a'), undefined)
})

test('a connection that is dead without a word is made anew', async (t) => {
  const redis = await server(t)
  const { store, ended } = await openStore(t, at(redis))
  const id = await ownConnection(redis)
  redis.freeze()
  await Promise.allSettled(Array.from({ length: 3 }, async () => { await store.get('db:a') }))
  await until('five probes have failed', () => (ended.get('timeout') ?? 0) >= 8, 30_000)
  redis.thaw()
  await until('it is up again', () => store.state === 'up')
  await until('it is another connection', async () => ![id, ''].includes(await ownConnection(redis)))
})

test('a server that has become a replica is left for the one that writes (READONLY, FR22)', async (t) => {
  const primary = await server(t)
  const replica = await startReplica(primary)
  t.after(async () => { await replica.stop() })
  const { store, states, failures } = await openStore(t, at(primary))
  await primary.cli('REPLICAOF', replica.host, String(replica.port))
  await until('a write is refused', async () => {
    await store.set('db:a', 'x', 1000).catch(() => {})
    return failures.some(({ outcome }) => outcome === 'readonly')
  })
  await primary.cli('REPLICAOF', 'NO', 'ONE')
  await until('it is written to again', async () => { await store.set('db:a', 'x', 1000); return true })
  assert.ok(states.some(({ state }) => state === 'away'))
})

test('subscriptions survive: whoever listens is told that something may be missing, and hears again', async (t) => {
  const redis = await server(t)
  const { store } = await openStore(t, at(redis))
  const heard: string[] = []
  let gaps = 0
  store.subscribe('db:news', (text) => { heard.push(text) }, () => { gaps++ })
  await until('the subscription stands', () => gaps === 1)
  await redis.kill()
  await redis.start()
  await until('the gap is told', () => gaps === 2)
  await publishOnce(store, 'again')
  await until('it is heard', () => heard.includes('again'))
  redis.freeze()
  redis.thaw()
  await publishOnce(store, 'third')
  await until('it is heard', () => heard.includes('third'))
  assert.equal(heard.length, 2)
})

test('what listens for the state is told of each change, until it leaves', async (t) => {
  const redis = await server(t)
  const { store } = await openStore(t, at(redis))
  const told: string[] = []
  const leave = store.onState((state) => { told.push(state) })
  await redis.kill()
  await until('it is away', () => told.length === 1)
  await redis.start()
  await until('it is up', () => told.length === 2)
  leave()
  await redis.kill()
  await until('it is away', () => store.state === 'away')
  assert.deepEqual(told, ['away', 'up'])
})

async function publishOnce (store: RedisStore, text: string): Promise<void> {
  await until('it is published', async () => { await store.publish('db:news', text); return true })
}

async function ownConnection (redis: TestRedis): Promise<string> {
  return /id=(\d+)[^\n]*name=drawbridge/.exec(await redis.cli('CLIENT', 'LIST'))?.[1] ?? ''
}
