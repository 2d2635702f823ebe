/** Calls that run once over all replicas: one claims, others wait and are told, and what was tampered with is never run again (FR42, T57). */
import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createOnceStore, createSignedValues, keysFor } from '../../../src/redis/index.ts'
import type { OnceClaim, OnceId, OnceStore } from '../../../src/resilience/index.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { openStore, redisSettings } from './open-store.ts'

const KEYS = keysFor('db:')
const idOf = (hash: string, tenant = 'acme'): OnceId => ({ tenant, userKey: 'alice', hash })

describe('calls that run once over all replicas', () => {
  let redis: TestRedis
  before(async () => { redis = await startRedis({ socket: true }) })
  after(async () => { await redis.stop() })

  async function replica (t: TestContext) {
    const { store } = await openStore(t, redisSettings({ kind: 'socket', path: redis.socketPath ?? '' }))
    let forged = 0
    const once: OnceStore = createOnceStore({ store, keys: KEYS, signed: createSignedValues('a secret of replicas that is long enough', () => { forged++ }) })
    return { once, store, forged: () => forged, claim: async (id: OnceId, digest = 'd', leaseMs = 60_000): Promise<OnceClaim> => await once.claim(id, digest, leaseMs) }
  }

  const ticketOf = (claim: OnceClaim): string => {
    assert.equal(claim.kind, 'first')
    return claim.kind === 'first' ? claim.ticket : ''
  }

  it('of ten that come at once over two replicas one is the first; all are told what came of it', async (t) => {
    const [one, two] = await Promise.all([replica(t), replica(t)])
    const claims = await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? one : two).claim(idOf('a'))))
    assert.deepEqual(claims.map(({ kind }) => kind).sort(), ['first', ...Array.from({ length: 9 }, () => 'running')])
    assert.equal((await two.claim(idOf('a'), 'other')).kind, 'conflict')
    const at = claims.findIndex(({ kind }) => kind === 'first')
    ;(at % 2 === 0 ? one : two).once.settle(idOf('a'), ticketOf(claims[at] as OnceClaim), '{"result":{"n":1}}')
    for (const { claim } of [one, two]) {
      await until('it is done', async () => (await claim(idOf('a'))).kind === 'done')
      assert.deepEqual(await claim(idOf('a')), { kind: 'done', outcome: '{"result":{"n":1}}' })
      assert.equal((await claim(idOf('a'), 'other')).kind, 'conflict')
    }
    const ttlMs = Number(await redis.cli('PTTL', KEYS.onceCall('acme', 'a')))
    assert.ok(ttlMs > 590_000 && ttlMs <= 600_000, String(ttlMs))
  })

  it('what did not run is free again; a claim ends by itself, and its old owner changes nothing', async (t) => {
    const { once, claim } = await replica(t)
    once.release(idOf('b'), ticketOf(await claim(idOf('b'))))
    await until('it is free', async () => (await claim(idOf('b'))).kind === 'first')
    const old = ticketOf(await claim(idOf('c'), 'd', 30))
    await until('the claim has ended', async () => (await claim(idOf('c'), 'd', 60_000)).kind === 'first')
    once.settle(idOf('c'), old, 'of the old owner')
    once.release(idOf('c'), old)
    assert.equal((await claim(idOf('c'))).kind, 'running')
  })

  it('a name of another tenant is another call; a large outcome is remembered without it', async (t) => {
    const { once, claim } = await replica(t)
    const ticket = ticketOf(await claim(idOf('e')))
    assert.equal((await claim(idOf('e', 'globex'))).kind, 'first')
    once.settle(idOf('e'), ticket, 'x'.repeat(256 * 1024 + 1))
    await until('it is done', async () => (await claim(idOf('e'))).kind === 'done')
    assert.deepEqual(await claim(idOf('e')), { kind: 'done', outcome: undefined })
  })

  it('a record that nobody of us wrote is refused, and counted: the call is not run a second time (T57)', async (t) => {
    const { once, claim, store, forged } = await replica(t)
    once.settle(idOf('f'), ticketOf(await claim(idOf('f'))), '"mine"')
    await until('it is done', async () => (await claim(idOf('f'))).kind === 'done')
    const stored = await store.get(KEYS.onceCall('acme', 'f')) ?? ''
    await store.set(KEYS.onceCall('acme', 'f'), stored.replace('mine', 'evil'), 60_000)
    assert.equal((await claim(idOf('f'))).kind, 'refused')
    // Nor does one that belongs to another call mean anything.
    await store.set(KEYS.onceCall('acme', 'g'), stored, 60_000)
    assert.equal((await claim(idOf('g'))).kind, 'refused')
    assert.equal(forged(), 2)
  })

  it('while Redis is away every name is refused: nobody can tell what has run (reliability C)', async (t) => {
    const own = await startRedis({ socket: true })
    const { store } = await openStore(t, redisSettings({ kind: 'socket', path: own.socketPath ?? '' }))
    const once = createOnceStore({ store, keys: KEYS, signed: createSignedValues('a secret of replicas that is long enough', () => {}) })
    await own.stop()
    assert.equal((await once.claim(idOf('h'), 'd', 1000)).kind, 'refused')
  })
})
