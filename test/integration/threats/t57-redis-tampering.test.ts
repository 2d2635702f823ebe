/** T57: who can read Redis finds no credential there, and who can write to it makes up nothing that a gateway believes. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { metricOf } from '../../helpers/metrics.ts'
import { officialServer } from '../../helpers/programs.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { until } from '../../helpers/until.ts'

const CANARY = 'canary-of-an-argument-57'

test('values that redis-cli has changed are absent and counted, nobody gets anybody else\'s, and no credential is in the dump', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const set = await startReplicas({
    redis,
    config: { mcpServers: { everything: { ...officialServer('everything'), stateless: true } } },
    users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }]
  })
  t.after(async () => { await set.stop() })
  await useBy(set, 'alice')
  await useBy(set, 'bob')

  await redis.cli('SAVE')
  const dump = readFileSync(join(redis.dir, 'dump.rdb'), 'latin1')
  for (const user of ['alice', 'bob']) {
    const { text } = set.keyOf(user)
    // `db_<id>_<secret>`; a secret may have underscores of its own.
    const secret = text.split('_').slice(2).join('_')
    assert.ok(secret.length >= 32 && !dump.includes(secret), `the key of ${user} is in the dump`)
  }
  assert.ok(!dump.includes(CANARY))

  const before = await forgedOf(set)
  assert.equal(before, 0)
  // Gateways write their own again and again: it is changed until one of them has read it.
  await until('a changed value was read', async () => await tamper(redis) > 0 && await forgedOf(set) > 0, 30_000)
  await useBy(set, 'alice')
  await useBy(set, 'bob')
})

/** A session and a call on each replica, whoever serves it. */
async function useBy (set: ReplicaSet, user: string): Promise<void> {
  for (const replica of set.replicas) {
    const wire = set.wire(user, 'everything', replica)
    await wire.open()
    assert.ok(Array.isArray((await wire.request('tools/list')).result?.['tools']))
    assert.match(JSON.stringify((await wire.call('echo', { message: `${CANARY} ${user}` })).result), new RegExp(`${CANARY} ${user}`))
  }
}

/** Swaps the values of keys of the same kind, and fields within them: all genuine, none where it belongs. @returns how many were changed */
async function tamper (redis: TestRedis): Promise<number> {
  let changed = 0
  for (const key of (await redis.cli('KEYS', 'db:{*cache*')).split('\n').filter(Boolean)) {
    if (await redis.cli('TYPE', key) !== 'string' || key.endsWith(':generation')) continue
    const value = await redis.cli('GET', key)
    await redis.cli('SET', key, value.replace(/echo/g, 'evil').replace(/.$/s, '!'), 'KEEPTTL')
    changed++
  }
  const listed = await redis.cli('HKEYS', 'db:{g:replicas}:live')
  for (const instance of listed.split('\n').filter(Boolean)) {
    const listing = await redis.cli('HGET', 'db:{g:replicas}:live', instance)
    await redis.cli('HSET', 'db:{g:replicas}:live', instance, listing.replace(/127\.0\.0\.1/, '127.9.9.9').replace(/.$/, '!'))
    changed++
  }
  return changed
}

async function forgedOf (set: ReplicaSet): Promise<number> {
  const counts = await Promise.all(set.replicas.map(async ({ gateway }) => await metricOf(gateway, 'state_mac_fail_total')))
  return counts.reduce<number>((sum, count = NaN) => sum + count, 0)
}
