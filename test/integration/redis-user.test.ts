/** Gateways work under exactly the user that docs/redis.md has; every key they make has its row in STORAGE.md, and an end (T57, FR25). */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startRedis, type TestRedis } from '../helpers/redis.ts'
import { startReplicas } from '../helpers/replicas.ts'
import { officialServer } from '../helpers/programs.ts'
import { until } from '../helpers/until.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Sent by the connection itself, not by scripts. */
const OWN = ['ping', 'info', 'select', 'client|setname', 'get', 'set', 'del', 'publish', 'subscribe', 'unsubscribe', 'eval', 'evalsha']

const documented = /^ACL SETUSER (drawbridge .*)$/m.exec(readFileSync(join(ROOT, 'docs/redis.md'), 'utf8'))?.[1] ?? ''

test('the user of docs/redis.md has the commands that are used, and no others', () => {
  const files = readdirSync(join(ROOT, 'src/redis'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.lua'))
  const inScripts = files.flatMap((path) => [...readFileSync(join(ROOT, 'src/redis', path), 'utf8').matchAll(/redis\.p?call\(\s*'(\w+)'/g)].map(([, name = '']) => name.toLowerCase()))
  const granted = [...documented.matchAll(/\+(\S+)/g)].map(([, name = '']) => name)
  assert.deepEqual(granted.toSorted(), [...new Set([...OWN, ...inScripts])].toSorted())
})

test('two gateways under that user: sessions, calls, lists, limits and cache, and nothing refused', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  await redis.cli('ACL', 'SETUSER', ...documented.replace('PASSWORD', 'its-password').split(' '))
  const set = await startReplicas({
    redis,
    redisUrlOf: () => `redis://drawbridge:its-password@127.0.0.1:${redis.port}/1`,
    config: { mcpServers: { everything: { ...officialServer('everything'), stateless: true }, shared: { ...officialServer('everything'), isolation: 'shared' } }, audit: { sinks: [{ type: 'redis' }] } },
    users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'a:b*{}', user: 'bob:{x}' }]
  })
  t.after(async () => { await set.stop() })
  for (const user of ['alice', 'bob:{x}']) {
    for (const server of ['everything', 'shared']) {
      for (const replica of set.replicas) {
        const wire = set.wire(user, server, replica)
        await wire.open()
        assert.ok(Array.isArray((await wire.request('tools/list')).result?.['tools']))
        assert.equal((await wire.call('echo', { message: 'hi' })).error, undefined)
      }
    }
  }
  await until('audit records are there', async () => Number(await redis.cli('-n', '1', 'XLEN', 'db:{g:audit}:records')) > 8)
  assert.equal(await redis.cli('ACL', 'LOG'), '')
  await everyKeyIsDocumented(redis)
})

async function everyKeyIsDocumented (redis: TestRedis): Promise<void> {
  const rows = readFileSync(join(ROOT, 'STORAGE.md'), 'utf8').split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|').map((cell) => cell.trim()))
  const patterns = rows.map(([, name = '', type = '']) => ({ type, pattern: new RegExp(`^db:${name.replaceAll('`', '').replaceAll(/[{}]/g, '\\$&').replaceAll(/<[^>]*>/g, '[\\w.%~-]+')}$`) }))
  const keys = (await redis.cli('-n', '1', 'KEYS', '*')).split('\n')
  assert.ok(keys.length > 5, keys.join())
  for (const key of keys) {
    const type = await redis.cli('-n', '1', 'TYPE', key)
    // It has ended since: what is held for a call goes when the call has.
    if (type === 'none') continue
    assert.ok(patterns.some((row) => row.type === type && row.pattern.test(key)), `${key} (${type})`)
    const leftMs = Number(await redis.cli('-n', '1', 'PTTL', key))
    assert.ok(leftMs > 0 || leftMs === -2, `${key} has no end`)
  }
}
