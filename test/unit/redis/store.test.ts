/** What the store promises while Redis is there: one round trip, one write per turn, scripts that come back, keys that end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RedisAway, script, type Script } from '../../../src/redis/index.ts'
import { startRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { openStore, redisSettings } from './open-store.ts'

const APPEND = script('streams/append')

test('values come back, end by themselves, and are gone when deleted', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  await store.set('db:a', 'wörth \0', 60_000)
  assert.equal(await store.get('db:a'), 'wörth \0')
  assert.ok(Number(await redis.cli('PTTL', 'db:a')) > 50_000)
  await store.delete('db:a')
  assert.equal(await store.get('db:a'), undefined)
  await assert.rejects(store.set('db:a', 'x', 0), RangeError)
  await assert.rejects(store.set('db:a', 'x', Number.NaN), RangeError)
})

test('a stream keeps about as many entries as it may, and has an end', async (t) => {
  const redis = await startRedis({ args: ['--stream-node-max-entries', '10'] })
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  await Promise.all(Array.from({ length: 100 }, async (_, at) => { await store.append('db:s', { record: `entry ${at}`, by: 'test' }, 20) }))
  const length = Number(await redis.cli('XLEN', 'db:s'))
  assert.ok(length >= 20 && length < 40, `${length} entries`)
  assert.match(await redis.cli('XREVRANGE', 'db:s', '+', '-', 'COUNT', '1'), /record\nentry 99\nby\ntest/)
  assert.ok(Number(await redis.cli('PTTL', 'db:s')) > 29 * 24 * 3_600_000)
})

test('a script that the server has lost is loaded again and has run once (FR23)', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store, ended } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  await store.run(APPEND, ['db:s'], [10, 60_000, 'a', '1'])
  await redis.cli('SCRIPT', 'FLUSH')
  const before = await redis.cli('INFO', 'commandstats')
  await store.run(APPEND, ['db:s'], [10, 60_000, 'a', '2'])
  await store.run(APPEND, ['db:s'], [10, 60_000, 'a', '3'])
  assert.equal(await redis.cli('XLEN', 'db:s'), '3')
  assert.equal(callsOf(await redis.cli('INFO', 'commandstats'), 'eval') - callsOf(before, 'eval'), 1)
  assert.equal(ended.get('ok'), 3)
  assert.equal(ended.size, 1)
})

test('commands of one turn leave in one write', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  await store.run(APPEND, ['db:s'], [10, 60_000, 'a', '0'])
  const readsBefore = readsOf(await redis.cli('INFO', 'stats'))
  for (let at = 0; at < 100; at++) store.send(APPEND, ['db:s'], [10, 60_000, 'a', at])
  await store.run(APPEND, ['db:s'], [10, 60_000, 'a', 'last'])
  const reads = readsOf(await redis.cli('INFO', 'stats')) - readsBefore
  assert.ok(reads < 20, `the server read ${reads} times`)
})

test('what a script says comes back as it is; what it refuses is RedisAway, and counts as an answer', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store, failures, ended } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  const echo: Script = { name: 'test/echo', text: "return {1, 'zwei', {ARGV[1], false}}", sha1: '0'.repeat(40) }
  assert.deepEqual(await store.run(echo, ['db:a'], ['ü']), [1, 'zwei', ['ü', null]])
  const broken: Script = { name: 'test/broken', text: "return redis.call('INCR', KEYS[1], 'x')", sha1: '1'.repeat(40) }
  for (let times = 0; times < 5; times++) await assert.rejects(store.run(broken, ['db:a'], []), RedisAway)
  assert.equal(store.state, 'up')
  assert.equal(ended.get('reply'), 5)
  assert.match(failures[0]?.reason ?? '', /Wrong number of args/)
})

test('what is published is heard by every listener of the channel, and by none that has left', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  const heard: string[] = []
  let standing = 0
  const leave = store.subscribe('db:news', (text) => { heard.push(`first ${text}`) }, () => { standing++ })
  store.subscribe('db:news', (text) => { heard.push(`second ${text}`) }, () => { standing++ })
  store.subscribe('db:other', () => { heard.push('never') }, () => { standing++ })
  await until('all subscriptions stand', () => standing === 3)
  await store.publish('db:news', 'one')
  await until('both have heard', () => heard.length === 2)
  leave()
  await store.publish('db:news', 'two')
  await until('the other has heard', () => heard.length === 3)
  assert.deepEqual(heard, ['first one', 'second one', 'second two'])
})

test('closing waits for what was sent', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  for (let at = 0; at < 50; at++) store.send(APPEND, ['db:s'], [1000, 60_000, 'a', at])
  await store.close()
  assert.equal(await redis.cli('XLEN', 'db:s'), '50')
})

function callsOf (stats: string, command: string): number {
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

function readsOf (stats: string): number {
  return Number(/total_reads_processed:(\d+)/.exec(stats)?.[1])
}
