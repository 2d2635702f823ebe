/** Every way in which a Redis can be reached, to real servers (issue: each form connected to for real). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RedisAway, script, type RedisStore } from '../../../src/redis/index.ts'
import { startCluster, startSentinels } from '../../helpers/redis-sets.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { createAuthority } from '../net/certificates.ts'
import { createStore, openStore, redisSettings } from './open-store.ts'

const APPEND = script('streams/append')

/** Commands and patterns of the users in docs/redis.md: of Redis, what a Cluster needs besides, and of sentinels. */
const docs = readFileSync(join(import.meta.dirname, '../../../docs/redis.md'), 'utf8')
const ofRedis = /^ACL SETUSER drawbridge on >PASSWORD (.*)$/m.exec(docs)?.[1]?.split(' ') ?? []
const ofCluster = /A Cluster needs `([^`]*)`/.exec(docs)?.[1]?.split(' ') ?? []
const ofSentinels = /a user of the sentinels\s+`([^`]*)`/.exec(docs)?.[1]?.split(' ') ?? []

/** Uses everything that a store can do, under keys of several tenants. */
async function exercise (store: RedisStore, count = 20): Promise<void> {
  const heard: string[] = []
  let isListening = false
  store.subscribe('db:channel', (text) => { heard.push(text) }, () => { isListening = true })
  await until('the subscription stands', () => isListening)
  await Promise.all(Array.from({ length: count }, async (_, at) => {
    const key = `db:{t:${at}}:value`
    await store.set(key, `value ${at}`, 60_000)
    assert.equal(await store.get(key), `value ${at}`)
    await store.run(APPEND, [`db:{t:${at}}:stream`], [10, 60_000, 'at', at])
    await store.delete(key)
    assert.equal(await store.get(key), undefined)
  }))
  await store.publish('db:channel', 'news')
  await until('the message is heard', () => heard.includes('news'))
}

test('one server on a port', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  await exercise(store)
})

test('a unix socket, and another database', async (t) => {
  const redis = await startRedis({ socket: true })
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'socket', path: redis.socketPath ?? '' }, { db: 3 }))
  await exercise(store)
  assert.match(await redis.cli('INFO', 'keyspace'), /^db3:/m)
  assert.doesNotMatch(await redis.cli('INFO', 'keyspace'), /^db0:/m)
})

test('a password; with a wrong one it is away, and the reason does not hold it', async (t) => {
  const redis = await startRedis({ password: 'right-password' })
  t.after(async () => { await redis.stop() })
  const at = { kind: 'single', host: redis.host, port: redis.port } as const
  const { store } = await openStore(t, redisSettings(at, { password: 'right-password' }))
  await exercise(store)
  const wrong = createStore(t, redisSettings(at, { password: 'wrong-password' }))
  await assert.rejects(wrong.store.get('db:a'), RedisAway)
  await until('it was refused', () => wrong.states.length > 0)
  assert.match(wrong.states[0]?.reason ?? '', /^WRONGPASS/)
  assert.ok(!JSON.stringify([wrong.states, wrong.failures]).includes('wrong-password'))
})

test('TLS: own authority and client certificate; an unknown authority is refused', async (t) => {
  const authority = createAuthority(t)
  const server = authority.issue('redis', 'DNS:redis.test,IP:127.0.0.1')
  const client = authority.issue('gateway', 'DNS:gateway.test')
  const files = ['--tls-cert-file', server.certFile, '--tls-key-file', server.keyFile, '--tls-ca-cert-file', authority.caFile]
  const redis = await startRedis({ tls: files, cliArgs: ['--tls', '--cacert', authority.caFile, '--cert', client.certFile, '--key', client.keyFile] })
  t.after(async () => { await redis.stop() })
  const at = { kind: 'single', host: redis.host, port: redis.port } as const
  const { store } = await openStore(t, redisSettings(at, { tls: { ca: authority.ca, cert: client.cert, key: client.key, servername: 'redis.test' } }))
  await exercise(store)
  for (const tls of [{ cert: client.cert, key: client.key }, { ca: authority.ca, cert: client.cert, key: client.key, servername: 'other.test' }, { ca: authority.ca }]) {
    const refused = createStore(t, redisSettings(at, { tls }))
    await until('the handshake has failed', () => refused.states.length > 0)
    assert.equal(refused.store.state, 'away')
  }
})

test('sentinels with a password of their own: after a failover the new primary is written to, within seconds (FR22)', async (t) => {
  const set = await startSentinels({ password: 'data-password', sentinelPassword: 'sentinel-password' })
  t.after(async () => { await set.stop() })
  const nodes = set.sentinels.map(({ host, port }) => ({ host, port }))
  for (const sentinel of set.sentinels) await sentinel.cli('ACL', 'SETUSER', 'gateway', 'on', '>its-password', 'resetchannels', '-@all', ...ofSentinels)
  const { store, states } = await openStore(t, redisSettings({ kind: 'sentinel', name: set.name, nodes, username: 'gateway', password: 'its-password' }, { password: 'data-password' }))
  await exercise(store)
  const first = await set.primary()
  let gaps = 0
  store.subscribe('db:channel', () => {}, () => { gaps++ })
  await until('the subscription stands', () => gaps === 1)
  await first.kill()
  await until('another server is the primary', async () => (await set.primary()) !== first, 20_000)
  await until('the store is up again', () => states.at(-1)?.state === 'up' && states.length > 1)
  await exercise(store)
  const second = await set.primary()
  assert.match(await second.cli('INFO', 'replication'), /role:master/)
  assert.equal(await second.cli('XLEN', 'db:{t:1}:stream'), '2')
  await until('listeners were told of the gap', () => gaps === 2)
  for (const sentinel of set.sentinels) assert.equal(await sentinel.cli('ACL', 'LOG'), '')
})

test('a cluster of three: keys on every node, scripts that one node has lost, a node that is gone and comes back', async (t) => {
  const cluster = await startCluster(3)
  t.after(async () => { await cluster.stop() })
  const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }))
  const grant = async (node: TestRedis): Promise<unknown> => await node.cli('ACL', 'SETUSER', 'gateway', 'on', '>its-password', ...ofRedis, ...ofCluster)
  await Promise.all(cluster.nodes.map(grant))
  const { store } = await openStore(t, redisSettings({ kind: 'cluster', nodes }, { username: 'gateway', password: 'its-password' }))
  await exercise(store, 60)
  for (const node of cluster.nodes) {
    assert.ok(Number(await node.cli('DBSIZE')) > 0)
    await node.cli('SCRIPT', 'FLUSH')
  }
  await exercise(store, 60)
  const [first] = cluster.nodes
  await first?.kill()
  const during = await Promise.allSettled(Array.from({ length: 60 }, async (_, at) => { await store.get(`db:{t:${at}}:value`) }))
  assert.ok(during.some(({ status }) => status === 'rejected'))
  for (const node of cluster.nodes.slice(1)) assert.equal(await node.cli('ACL', 'LOG'), '')
  await first?.start()
  if (first !== undefined) await grant(first)
  await until('all slots are served again', async () => (await Promise.allSettled(Array.from({ length: 60 }, async (_, at) => { await store.get(`db:{t:${at}}:value`) }))).every(({ status }) => status === 'fulfilled'), 30_000)
})
