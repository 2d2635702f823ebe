/* eslint-disable no-template-curly-in-string */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { effectiveSettings } from '../../../src/cli/effective-settings.ts'
import type { Settings } from '../../../src/shared/settings.ts'
import { faultsOf, folderWith, oneServer, SECRET, settingsOf } from './load.ts'

type Entry = Readonly<Record<string, unknown>>
const env = { DRAWBRIDGE_SECRET: SECRET }

async function redis (entry: Entry, more: Readonly<Record<string, string>> = {}): Promise<Settings['redis']> {
  return (await settingsOf(oneServer({}, { redis: entry }), { env: { ...env, ...more } })).redis
}

async function faults (entry: Entry, rest: Entry = {}, variables: Readonly<Record<string, string>> = env): Promise<string[]> {
  return (await faultsOf(oneServer({}, { redis: entry, ...rest }), { env: variables })).map(({ key, message }) => `${key}: ${message}`)
}

describe('redis: where it is', () => {
  it('one server, with defaults', async () => {
    assert.deepEqual(await redis({ url: 'redis://redis' }), { at: { kind: 'single', host: 'redis', port: 6379 }, db: 0, keyPrefix: 'db:', commandTimeoutMs: 100, whenAway: 'local' })
  })

  it('everything that a URL says, and variables in it', async () => {
    const found = await redis({ url: 'rediss://gate:${PASSWORD}@[::1]:7000/3', keyPrefix: 'prod:', commandTimeoutMs: 50, whenAway: 'refuse' }, { PASSWORD: 'p%40ss%2Fw' })
    assert.deepEqual(found, { at: { kind: 'single', host: '::1', port: 7000 }, username: 'gate', password: 'p@ss/w', db: 3, tls: {}, keyPrefix: 'prod:', commandTimeoutMs: 50, whenAway: 'refuse' })
  })

  it('a socket; user, password and database beside the URL', async () => {
    const found = await redis({ url: 'unix:///run/redis%20one.sock', username: 'gate', password: 'pw', db: 2 })
    assert.deepEqual([found?.at, found?.username, found?.password, found?.db], [{ kind: 'socket', path: '/run/redis one.sock' }, 'gate', 'pw', 2])
  })

  it('sentinels with their own credentials', async () => {
    const found = await redis({ sentinel: { name: 'main', nodes: ['s1:26379', '[::1]:26380'], username: 'su', password: 'sp' }, password: 'pw', tls: {} })
    assert.deepEqual(found?.at, { kind: 'sentinel', name: 'main', nodes: [{ host: 's1', port: 26379 }, { host: '::1', port: 26380 }], username: 'su', password: 'sp' })
    assert.deepEqual([found?.password, found?.tls], ['pw', {}])
  })

  it('a cluster', async () => {
    assert.deepEqual((await redis({ cluster: { nodes: ['a:1', 'b:2'] } }))?.at, { kind: 'cluster', nodes: [{ host: 'a', port: 1 }, { host: 'b', port: 2 }] })
  })

  it('REDIS_URL, also from a file, goes before the file and is enough by itself', async (t) => {
    const folder = folderWith(t, { url: 'redis://:pw@env:1\n' })
    const fromFile = await settingsOf(oneServer(), { env: { ...env, REDIS_URL_FILE: 'url' }, cwd: folder })
    assert.deepEqual([fromFile.redis?.at, fromFile.redis?.password], [{ kind: 'single', host: 'env', port: 1 }, 'pw'])
    assert.deepEqual((await redis({ url: 'redis://file', keyPrefix: 'x:' }, { REDIS_URL: 'redis://env:1' }))?.at, { kind: 'single', host: 'env', port: 1 })
  })
})

describe('redis: faults name the key, and never a password', () => {
  it('URLs that are none', async () => {
    for (const url of ['redis:6379', 'http://redis', 'redis://:hunter22@redis/x', 'redis://redis?db=1', 'unix://host/path', 'redis://:%zz@redis', 'redis://', 'unix://']) {
      const [fault = '', ...more] = await faults({ url })
      assert.match(fault, /^redis\.url: expected redis:\/\/host:port\/db/)
      assert.ok(!fault.includes('hunter22') && more.length === 0, fault)
    }
    assert.match((await faults({}, {}, { ...env, REDIS_URL: 'redis://:hunter22@x/y' })).join(), /^REDIS_URL: expected redis:/)
  })

  it('more than one way, or none', async () => {
    assert.deepEqual(await faults({ url: 'redis://a', cluster: { nodes: ['a:1'] } }), ['redis: expected one of url, sentinel and cluster, got url and cluster'])
    assert.deepEqual(await faults({ sentinel: { name: 'x', nodes: ['a:1'] } }, {}, { ...env, REDIS_URL: 'redis://a' }), ['redis: expected one of url, sentinel and cluster, got REDIS_URL and sentinel'])
    assert.deepEqual(await faults({ keyPrefix: 'x' }), ['redis: expected one of url, sentinel and cluster'])
  })

  it('what does not go together', async () => {
    assert.deepEqual(await faults({ url: 'redis://u:hunter22@a/1', username: 'u', password: 'x', db: 1, tls: {} }), [
      'redis.username: expected it here or in the URL, not in both',
      'redis.password: expected it here or in the URL, not in both',
      'redis.db: expected it here or in the URL, not in both',
      'redis.tls: expected no tls, because the URL does not begin with rediss://'
    ])
    assert.deepEqual(await faults({ cluster: { nodes: ['a:1'] }, db: 1 }), ['redis.db: expected no database, because a cluster has only one'])
    assert.deepEqual(await faults({ cluster: { nodes: ['a:0', 'b:70000'] } }), ['redis.cluster.nodes[0]: expected a port from 1 to 65535, got 0', 'redis.cluster.nodes[1]: expected a port from 1 to 65535, got 70000'])
  })

  it('a key prefix with braces would put tenants into one hash slot, or one into many', async () => {
    assert.match((await faults({ url: 'redis://a', keyPrefix: 'a{b}' })).join(), /^redis\.keyPrefix: expected letters, digits and/)
  })

  it('certificates that cannot be read', async () => {
    assert.match((await faults({ url: 'rediss://a', tls: { caFile: 'none.pem' } })).join(), /^redis\.tls\.caFile: the file cannot be read \(ENOENT\)$/)
  })
})

describe('what redis needs', () => {
  it('the secret, long and random enough', async () => {
    assert.match((await faults({ url: 'redis://a' }, {}, {})).join(), /^DRAWBRIDGE_SECRET: expected the secret that all gateways of this Redis share/)
    assert.match((await faults({ url: 'redis://a' }, {}, { DRAWBRIDGE_SECRET: 'x'.repeat(31) })).join(), /^DRAWBRIDGE_SECRET: expected a secret of at least 32 bytes, got 31/)
    assert.match((await faults({ url: 'redis://a' }, { mode: 'production' }, { DRAWBRIDGE_SECRET: 'changeme'.repeat(5) })).join(), /DRAWBRIDGE_SECRET: expected a random secret, got a default or repeated one/)
    assert.equal((await settingsOf(oneServer(), { env })).secret, SECRET)
  })

  it('one process', async () => {
    assert.deepEqual(await faults({ url: 'redis://a' }, { processes: 2 }), ['processes: expected 1, because redis is set: start more gateways instead'])
  })
})

describe('replica', () => {
  const shared = (replica: Entry = {}) => oneServer({}, { redis: { url: 'redis://a' }, replica })

  it('a random name that stays over reloads, and a loopback listener', async () => {
    const [first, second] = [await settingsOf(shared(), { env }), await settingsOf(shared(), { env })]
    assert.match(first.replica?.name ?? '', /^[a-z0-9]{8}$/)
    assert.deepEqual(first.replica, second.replica)
    assert.deepEqual(first.replica?.listen, { host: '127.0.0.1', port: 8082 })
    assert.equal((await settingsOf(oneServer(), { env })).replica, undefined)
  })

  it('the environment goes before the file', async () => {
    const variables = { ...env, DRAWBRIDGE_REPLICA: 'b2', DRAWBRIDGE_REPLICA_HOST: '0.0.0.0', DRAWBRIDGE_REPLICA_PORT: '0', DRAWBRIDGE_REPLICA_ADVERTISE: 'http://gw-2:9000/' }
    const { replica } = await settingsOf(shared({ name: 'a1', listen: { host: '10.0.0.1', port: 1 }, advertise: 'http://gw-1:1' }), { env: variables })
    assert.deepEqual(replica, { name: 'b2', listen: { host: '0.0.0.0', port: 0 }, advertise: 'http://gw-2:9000' })
  })

  it('faults', async () => {
    const found = async (replica: Entry, variables: Entry = {}) => (await faultsOf(shared(replica), { env: { ...env, ...variables } as never })).map(({ key, message }) => `${key}: ${message}`)
    assert.match((await found({ listen: { host: '0.0.0.0' } })).join(), /^replica\.advertise: expected the origin under which other replicas reach this one/)
    assert.match((await found({ name: 'A-1' })).join(), /^replica\.name: expected 1 to 16 of a-z and 0-9/)
    assert.match((await found({}, { DRAWBRIDGE_REPLICA: 'x'.repeat(17) })).join(), /^DRAWBRIDGE_REPLICA: expected 1 to 16/)
    for (const advertise of ['gw:1', 'ftp://gw', 'http://gw/path', 'http://u:p@gw']) assert.match((await found({ advertise })).join(), /^replica\.advertise: expected an origin/)
  })

  it('has no effect alone', async () => {
    assert.deepEqual((await settingsOf(oneServer({}, { replica: { name: 'a' } }))).warnings, ['replica: has no effect without redis'])
  })
})

it('effective settings hold neither secret nor password', async () => {
  const settings = await settingsOf(oneServer({}, { redis: { sentinel: { name: 'm', nodes: ['a:1'], password: 'hunter22' }, password: 'hunter23' } }), { env })
  const text = JSON.stringify(effectiveSettings(settings))
  for (const secret of ['hunter22', 'hunter23', SECRET]) assert.ok(!text.includes(secret))
  assert.ok(text.includes('"secret":"***"'))
})
