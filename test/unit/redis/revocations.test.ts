/** Revocations that replicas share: heard at once, kept over a flush, and nobody's but theirs to write (T13, T57, FR23). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { createRevocations, type Revocations } from '../../../src/auth/index.ts'
import { createRevocationStore, createSignedValues, keysFor } from '../../../src/redis/index.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { openStore, redisSettings } from './open-store.ts'

const SECRET = 'a secret of replicas that is long enough'
const KEYS = keysFor('db:')
const SHA = 'ab'.repeat(32)

describe('revocations in Redis', () => {
  let redis: TestRedis
  before(async () => { redis = await startRedis({ socket: true }) })
  after(async () => { await redis.stop() })

  async function replica (t: TestContext, secret = SECRET, onForged = (): void => undefined): Promise<Revocations> {
    const { store } = await openStore(t, redisSettings({ kind: 'socket', path: redis.socketPath ?? '' }))
    const revocations = createRevocations({
      clock: systemClock,
      store: createRevocationStore({ store, signed: createSignedValues(secret, onForged), keys: KEYS }),
      isShared: true,
      whenUnknown: 'deny',
      onStore: () => undefined
    })
    t.after(() => { revocations.close() })
    await revocations.look()
    assert.equal(revocations.isUnknown, false)
    return revocations
  }

  it('are heard by the others long before they look, and read by those that come later', async (t) => {
    const [one, other] = [await replica(t), await replica(t)]
    const heard = new Promise<void>((resolve) => { other.onChange(resolve) })
    const begunMs = performance.now()
    assert.equal(await one.revoke({ kind: 'key', sha256: SHA }), 'everywhere')
    await heard
    t.diagnostic(`heard after ${(performance.now() - begunMs).toFixed(1)} ms`)
    assert.equal(other.keyIsRevoked(SHA), true)
    assert.equal((await replica(t)).keyIsRevoked(SHA), true)
  })

  it('are written again after a flush, with an end on every key', async (t) => {
    const one = await replica(t)
    await one.revoke({ kind: 'token', jti: 'flushed' })
    await redis.cli('FLUSHALL')
    await one.look()
    for (const key of [KEYS.revoked(), KEYS.revokedMark()]) assert.ok(Number(await redis.cli('PTTL', key)) > 0, key)
    const late = await replica(t)
    assert.equal(late.tokenIsRevoked({ issuer: 'i', credentialId: 'flushed', tenant: 'a', user: 'b' } as never), true)
  })

  it('whoever has seen the list is told no more than that', async (t) => {
    const { store } = await openStore(t, redisSettings({ kind: 'socket', path: redis.socketPath ?? '' }))
    const list = createRevocationStore({ store, signed: createSignedValues(SECRET, () => undefined), keys: KEYS })
    await Promise.all(Array.from({ length: 400 }, async (_, at) => { await list.add({ revoked: { kind: 'token', jti: `many-${at}` }, untilMs: 8e15 }) }))
    const sent = async (): Promise<number> => Number(/total_net_output_bytes:(\d+)/.exec(await redis.cli('INFO', 'stats'))?.[1])
    const first = await sent()
    assert.ok(((await list.read())?.length ?? 0) >= 400)
    const second = await sent()
    assert.equal(await list.read(), undefined)
    const third = await sent()
    assert.ok(second - first > 20_000 && third - second < 10_000, `${second - first} and ${third - second} bytes`)
  })

  it('entries of others are none, and are counted: nobody locks anybody out, or lets anybody in, by writing here', async (t) => {
    let forged = 0
    const one = await replica(t, SECRET, () => { forged++ })
    const forger = await replica(t, 'another secret that is long enough too', () => undefined)
    await forger.revoke({ kind: 'key', sha256: 'cd'.repeat(32) })
    await redis.cli('ZADD', KEYS.revoked(), '8640000000000000', '["key",8640000000000000,"efef"]')
    await redis.cli('DEL', KEYS.revokedMark())
    await one.look()
    assert.equal(one.keyIsRevoked('cd'.repeat(32)), false)
    assert.ok(forged >= 2)
    await one.revoke({ kind: 'key', sha256: SHA })
    await redis.cli('DEL', KEYS.revoked(), KEYS.revokedMark())
    await one.look()
    assert.equal(one.keyIsRevoked(SHA), true)
  })

  it('what means nothing any more is left out', async (t) => {
    const one = await replica(t)
    await redis.cli('ZADD', KEYS.revoked(), '1000', 'old')
    await redis.cli('DEL', KEYS.revokedMark())
    await one.look()
    assert.equal(await redis.cli('ZSCORE', KEYS.revoked(), 'old'), '')
  })

  it('while Redis is frozen the list that is known holds; what is revoked meanwhile is passed on afterwards', async (t) => {
    const [one, other] = [await replica(t), await replica(t)]
    process.kill(redis.pid, 'SIGSTOP')
    try {
      assert.equal(await one.revoke({ kind: 'token', jti: 'frozen' }), 'here')
      assert.equal(one.isUnknown, false)
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    const isHeard = (): boolean => other.tokenIsRevoked({ issuer: 'i', credentialId: 'frozen', tenant: 'a', user: 'b' } as never)
    await until('the other hears of it', isHeard, 15_000)
  })
})
