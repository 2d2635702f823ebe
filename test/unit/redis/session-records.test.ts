/** Sessions that another replica goes on with: one gets them, nobody else's are found, and what was tampered with is nothing (T01, T02, T57, FR30). */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createSessionStore, createSignedValues, keysFor, type RedisStore } from '../../../src/redis/index.ts'
import { SessionRecords, type Lookup, type Session, type SessionRoute } from '../../../src/session/index.ts'
import { startRedis, type TestRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { caller } from '../limits/callers.ts'
import { serverRoute, testRegistry, type TestRegistry } from '../session/session-parts.ts'
import { openStore, redisSettings } from './open-store.ts'

const SECRET = 'a secret of replicas that is long enough'
const ROUTE = serverRoute('echo')
const HELLO = { protocolVersion: '2025-06-18', capabilities: { sampling: {} } } as const
const KEYS = keysFor('db:')

interface TestReplica {
  readonly registry: TestRegistry
  readonly records: SessionRecords
  readonly store: RedisStore
  readonly live: Set<string>
  readonly lost: Session[]
  readonly mismatches: string[]
  opened (user?: string, route?: SessionRoute): Session
  take (session: Pick<Session, 'id'>, user?: string, route?: SessionRoute): Promise<Lookup>
}

describe('records of sessions', () => {
  let redis: TestRedis
  before(async () => { redis = await startRedis({ socket: true }) })
  after(async () => { await redis.stop() })

  async function replica (t: TestContext, self: string, idleMs = 60_000): Promise<TestReplica> {
    const { store } = await openStore(t, redisSettings({ kind: 'socket', path: redis.socketPath ?? '' }))
    const registry = testRegistry(t, { idleMs })
    const live = new Set<string>()
    const lost: Session[] = []
    const mismatches: string[] = []
    const signed = createSignedValues(SECRET, () => undefined)
    const records = new SessionRecords({
      store: createSessionStore({ store, signed, keys: KEYS, self }),
      isHolder: (instance) => live.has(instance),
      idleMs: () => idleMs,
      nowMs: registry.clock.nowMs,
      events: { ownerMismatch: ({ user }) => { mismatches.push(user) }, lost: (session) => { lost.push(session) }, thrown: (thrown) => { throw thrown } }
    })
    t.after(() => { records.close() })
    const take: TestReplica['take'] = async ({ id }, user = 'alice', route = ROUTE) => await records.take(id, caller(user), route)
    return {
      registry,
      records,
      store,
      live,
      lost,
      mismatches,
      take,
      opened (user = 'alice', route = ROUTE) {
        const session = registry.open({ principal: caller(user), route })
        session.greet(HELLO)
        session.logLevel = 'warning'
        records.keep(session)
        return session
      }
    }
  }

  const written = async (): Promise<string[]> => (await redis.cli('KEYS', 'db:*:session:*')).split('\n').filter((key) => key !== '')
  const emptied = async (): Promise<void> => { await redis.cli('FLUSHALL') }

  it('a session of a replica that has gone is taken over with all that was said about it; of twenty that try, by one', async (t) => {
    await emptied()
    const one = await replica(t, 'one')
    const others = await Promise.all(Array.from({ length: 20 }, async (_, at) => await replica(t, `other${at}`)))
    const session = one.opened()
    await until('the record is written', async () => (await written()).length === 1)
    const taken = await Promise.all(others.map(async (other) => {
      // What a replica knows of the others when it looks again: all that try live.
      for (let at = 0; at < others.length; at++) other.live.add(`other${at}`)
      return await other.take(session)
    }))
    const [winner, ...more] = taken.filter(({ kind }) => kind === 'taken')
    assert.deepEqual(more, [])
    assert.ok(winner?.kind === 'taken')
    assert.deepEqual([winner.record.hello, winner.record.logLevel], [HELLO, 'warning'])
    const by = `other${taken.indexOf(winner)}`
    assert.deepEqual(taken.filter((each) => each !== winner), Array.from({ length: 19 }, () => ({ kind: 'held', by })))
  })

  it('whoever has it lives: nobody takes it', async (t) => {
    await emptied()
    const [one, two] = [await replica(t, 'one'), await replica(t, 'two')]
    const session = one.opened()
    await until('the record is written', async () => (await written()).length === 1)
    two.live.add('one')
    assert.deepEqual(await two.take(session), { kind: 'held', by: 'one' })
  })

  it('another user, tenant, client or route finds nothing, and does not take it (T01, T02)', async (t) => {
    await emptied()
    const [one, two] = [await replica(t, 'one'), await replica(t, 'two')]
    const session = one.opened()
    await until('the record is written', async () => (await written()).length === 1)
    assert.deepEqual(await two.take(session, 'mallory'), { kind: 'none' })
    assert.deepEqual(await two.take(session, 'alice', serverRoute('other')), { kind: 'none' })
    assert.deepEqual(await two.take(session, 'alice', { kind: 'aggregate' }), { kind: 'none' })
    assert.deepEqual(await two.records.take(session.id, caller('alice', { tenant: 'globex' }), ROUTE), { kind: 'none' })
    assert.deepEqual(await two.take({ id: `${session.id}x` as Session['id'] }), { kind: 'none' })
    // Those of the tenant's that were somebody else's are counted.
    assert.deepEqual(two.mismatches, ['mallory', 'alice', 'alice'])
    assert.equal((await two.take(session)).kind, 'taken')
  })

  it('a record that somebody wrote, changed or moved in Redis is none (T57)', async (t) => {
    await emptied()
    const [one, two] = [await replica(t, 'one'), await replica(t, 'two')]
    const [mine, foreign] = [one.opened(), one.opened('mallory')]
    await until('the records are written', async () => (await written()).length === 2)
    const keyOf = ({ id }: Session): string => KEYS.session('acme', createHash('sha256').update(id).digest('hex'))
    assert.deepEqual((await written()).sort(), [keyOf(mine), keyOf(foreign)].sort())
    const stored = await redis.cli('HGET', keyOf(mine), 'r')
    assert.ok(stored.includes('sampling'))
    // Somebody else's session, moved to where one's own was.
    await redis.cli('HSET', keyOf(foreign), 'r', stored)
    assert.deepEqual(await two.take(foreign), { kind: 'none' })
    assert.deepEqual(await two.take(foreign, 'mallory'), { kind: 'none' })
    for (const changed of [stored.replace('sampling', 'samplinG'), stored.slice(43), `${stored.startsWith('A') ? 'B' : 'A'}${stored.slice(1)}`, '', 'x'.repeat(60)]) {
      await redis.cli('HSET', keyOf(mine), 'r', changed)
      assert.deepEqual(await two.take(mine), { kind: 'none' }, changed)
    }
    await redis.cli('HSET', keyOf(mine), 'r', stored)
    assert.equal((await two.take(mine)).kind, 'taken')
  })

  it('ends with its session, and not with the one that another replica has taken over', async (t) => {
    await emptied()
    const [one, two] = [await replica(t, 'one'), await replica(t, 'two')]
    const [ended, moved] = [one.opened(), one.opened()]
    await until('the records are written', async () => (await written()).length === 2)
    await one.records.ended(ended, undefined)
    assert.deepEqual(await two.take(ended), { kind: 'none' })
    assert.equal((await two.take(moved)).kind, 'taken')
    await one.records.ended(moved, undefined)
    assert.equal((await written()).length, 1)
  })

  it('given up by a replica that drains, though it still lives', async (t) => {
    await emptied()
    const [one, two] = [await replica(t, 'one'), await replica(t, 'two')]
    const session = one.opened()
    await until('the record is written', async () => (await written()).length === 1)
    two.live.add('one')
    assert.deepEqual(await two.take(session), { kind: 'held', by: 'one' })
    await one.records.ended(session, 'draining')
    assert.equal((await two.take(session)).kind, 'taken')
  })

  it('is kept alive in bulk, written again after FLUSHALL, and ends here when another replica has it (FR23)', async (t) => {
    await emptied()
    const [one, two] = [await replica(t, 'one', 1000), await replica(t, 'two', 1000)]
    const [session, moved] = [one.opened(), one.opened()]
    await until('the records are written', async () => (await written()).length === 2)
    await emptied()
    await until('they are written again', async () => (await written()).length === 2)
    for (const key of await written()) assert.ok(Number(await redis.cli('PTTL', key)) <= 1250)
    assert.equal((await two.take(moved)).kind, 'taken')
    await until('the replica hears of it', () => one.lost.length === 1)
    assert.deepEqual(one.lost, [moved])
    assert.equal((await two.take(session)).kind, 'taken')
  })

  it('an end that Redis could not be told of is an end all the same, and is told when it is back', async (t) => {
    await emptied()
    const one = await replica(t, 'one', 1000)
    const session = one.opened()
    await until('the record is written', async () => (await written()).length === 1)
    redis.freeze()
    await one.records.ended(session, undefined)
    assert.deepEqual(await one.take(session), { kind: 'none' })
    redis.thaw()
    await until('the record is gone', async () => (await written()).length === 0)
  })

  it('while Redis does not answer nobody can tell', async (t) => {
    await emptied()
    const one = await replica(t, 'one')
    redis.freeze()
    await assert.rejects(one.take({ id: 'x' as Session['id'] }), { name: 'RedisAway' })
    redis.thaw()
  })
})
