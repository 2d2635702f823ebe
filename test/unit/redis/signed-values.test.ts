/** Values that somebody else has put into Redis are absent (T57). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSignedValues } from '../../../src/redis/index.ts'
import { startRedis } from '../../helpers/redis.ts'
import { openStore, redisSettings } from './open-store.ts'

const SECRET = 'kR8s0Qm3v9Zx1Lw7Tb5Ye2Uh6Jd4Gf8P0oNcAiXq'

test('what redis-cli changed, moved or made up is absent, and counted', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  let forged = 0
  const signed = createSignedValues(SECRET, () => { forged++ })
  const read = async (key: string): Promise<string | undefined> => {
    const stored = await store.get(key)
    return stored === undefined ? undefined : signed.verify(key, stored)
  }
  await store.set('db:alice', signed.sign('db:alice', '{"scopes":["a"]}'), 60_000)
  await store.set('db:bob', signed.sign('db:bob', ''), 60_000)
  assert.equal(await read('db:alice'), '{"scopes":["a"]}')
  assert.equal(await read('db:bob'), '')
  assert.equal(forged, 0)
  const original = await redis.cli('GET', 'db:alice')
  for (const [key, value] of [
    ['db:alice', original.replace('["a"]', '["*"]')],
    ['db:alice', `${original} `],
    ['db:alice', '{"scopes":["*"]}'],
    ['db:alice', ''],
    ['db:alice', `${'A'.repeat(43)}{"scopes":["*"]}`],
    ['db:alice', createSignedValues(`${SECRET}x`, () => {}).sign('db:alice', '{"scopes":["*"]}')],
    ['db:bob', original]
  ] as const) {
    const before: number = forged
    await redis.cli('SET', key, value)
    assert.equal(await read(key), undefined, value)
    assert.equal(forged, before + 1)
  }
})

test('key and value cannot be shifted against each other', () => {
  const signed = createSignedValues(SECRET, () => {})
  const stored = signed.sign('db:a', 'bc')
  assert.equal(signed.verify('db:ab', `${stored.slice(0, 43)}c`), undefined)
  assert.equal(signed.verify('db:', `${stored.slice(0, 43)}abc`), undefined)
  assert.equal(signed.verify('db:a', stored), 'bc')
})
