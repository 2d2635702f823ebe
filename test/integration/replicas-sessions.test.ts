/** Sessions whose replica has gone: those of stateless servers go on under their ids, others are 404, and nobody gets another's (FR30, T01, T02, T57). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ledgerSet, type LedgerSetOptions } from '../chaos/ledger-set.ts'
import { executions } from '../chaos/ledger.ts'
import type { Exchange } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { REPLICA_HEADER, type ReplicaSet, type TestReplica } from '../helpers/replicas.ts'
import { until } from '../helpers/until.ts'

const USERS = ['alice', 'bob'].map((user) => ({ tenant: 'acme', user }))
const NOT_FOUND = '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}'

async function opened (t: TestContext, entry: Readonly<Record<string, unknown>>, options: LedgerSetOptions = {}): Promise<{ set: ReplicaSet, file: string, wire: LegacyWire, owner: TestReplica, other: TestReplica }> {
  const { set, file } = await ledgerSet(t, { users: USERS, entry, ...options })
  const wire = set.wire('alice', 'ledger')
  await wire.open()
  assert.match(textOf(await wire.call('work', { nonce: 'first' })), /^first /)
  const owner = set.replicas.find(({ name }) => name === wire.sessionId?.split('-')[0])
  const other = set.replicas.find((replica) => replica !== owner)
  assert.ok(owner !== undefined && other !== undefined)
  return { set, file, wire, owner, other }
}

async function work (wire: LegacyWire, nonce: string): Promise<Exchange> {
  const answer = await wire.post({ jsonrpc: '2.0', id: nonce, method: 'tools/call', params: { name: 'work', arguments: { nonce } } })
  await answer.ended
  return answer
}

/** While it is not clear that a replica is dead, callers are told to come back. */
async function settled (wire: LegacyWire, nonce: string): Promise<Exchange> {
  let tries = 0
  return await until('it is clear where the session is', async () => {
    const answer = await work(wire, `${nonce}-${++tries}`)
    return answer.status === 503 ? undefined : answer
  }, 20_000)
}

/** The same session, asked for by somebody, somewhere. */
function as (set: ReplicaSet, user: string, path: string, { sessionId }: LegacyWire, at?: TestReplica): LegacyWire {
  const wire = set.wire(user, path, at)
  wire.sessionId = sessionId
  return wire
}

for (const isolation of ['user', 'shared'] as const) {
  describe(`a session of a stateless server with isolation ${isolation}`, () => {
    it('goes on under its id when its replica was killed; nobody else finds it; its end is an end everywhere', async (t) => {
      const { set, file, wire, owner, other } = await opened(t, { stateless: true, isolation }, { count: 3 })
      await until('the record is written', async () => (await set.redis.cli('KEYS', '*:session:*')) !== '')
      await owner.kill()
      // Before anybody has asked for it: neither another user nor another endpoint may be the first to get it.
      for (const stranger of [as(set, 'bob', 'ledger', wire, other), as(set, 'alice', '/mcp', wire, other), as(set, 'bob', '/mcp', wire, other)]) {
        const answer = await settled(stranger, 'stolen')
        assert.deepEqual([answer.status, answer.body()], [404, NOT_FOUND])
      }
      const again = await settled(wire, 'again')
      assert.equal(again.status, 200, again.body())
      assert.notEqual(again.headers[REPLICA_HEADER], owner.name)
      // Through every replica, at once: it is in one place.
      const running = set.replicas.filter(({ isRunning }) => isRunning)
      for (const at of running) assert.equal((await settled(as(set, 'alice', 'ledger', wire, at), `asked-at-${at.name}`)).status, 200)
      const answers = await Promise.all(running.flatMap((at) => [0, 1, 2].map(async (turn) => await settled(as(set, 'alice', 'ledger', wire, at), `${at.name}-${turn}`))))
      assert.deepEqual(answers.map(({ status }) => status), answers.map(() => 200))
      assert.equal(new Set(answers.map(({ headers }) => headers[REPLICA_HEADER])).size, 1)
      // Back under its old name, the one that made the id knows nothing of it.
      await owner.start()
      assert.equal((await settled(as(set, 'alice', 'ledger', wire, owner), 'back')).status, 200)
      const stream = await wire.listen('made-up.0.1')
      assert.deepEqual([stream.status, stream.isSse], [200, true])
      assert.equal((await wire.end()).status, 204)
      assert.equal(await stream.ended, 'complete')
      for (const at of set.replicas) {
        const gone = await settled(as(set, 'alice', 'ledger', wire, at), 'after')
        assert.deepEqual([gone.status, gone.body()], [404, NOT_FOUND])
      }
      assert.equal(await set.redis.cli('KEYS', '*:session:*'), '')
      assert.deepEqual([...executions(file)].filter(([nonce, times]) => times > 1 || nonce.startsWith('stolen') || nonce.startsWith('after')), [])
    })
  })
}

describe('sessions of a replica that drains, or has gone', () => {
  it('a stateless one goes on elsewhere while the old replica still answers', async (t) => {
    const { set, wire, owner, other } = await opened(t, { stateless: true }, { more: { drainLeadMs: 8000 } })
    owner.gateway.kill('SIGTERM')
    await until('the other one has it', async () => {
      const answer = await work(wire, `moved${Math.random()}`)
      assert.equal(answer.status, 200, answer.body())
      return answer.headers[REPLICA_HEADER] === other.name
    })
    assert.equal((await work(as(set, 'alice', 'ledger', wire, owner), 'by the old one')).headers[REPLICA_HEADER], other.name)
    assert.deepEqual(await owner.gateway.exited, { code: 0, signal: null })
    assert.equal((await work(wire, 'afterwards')).status, 200)
  })

  it('one that is not stateless is the constant 404', async (t) => {
    const { set, wire, owner } = await opened(t, {})
    assert.equal(await set.redis.cli('KEYS', '*:session:*'), '')
    await owner.kill()
    const gone = await settled(wire, 'again')
    assert.deepEqual([gone.status, gone.body()], [404, NOT_FOUND])
  })

  it('a record that was changed in Redis is the constant 404 (T57)', async (t) => {
    const { set, wire, owner } = await opened(t, { stateless: true })
    const key = await until('the record is written', async () => await set.redis.cli('KEYS', '*:session:*'))
    const record = await set.redis.cli('HGET', key, 'r')
    await set.redis.cli('HSET', key, 'r', record.replace(/"2025-11-25"/, '"2025-06-18"'))
    await owner.kill()
    const gone = await settled(wire, 'again')
    assert.deepEqual([gone.status, gone.body()], [404, NOT_FOUND])
    await set.redis.cli('HSET', key, 'r', record)
    assert.equal((await work(wire, 'as it was')).status, 200)
  })
})
