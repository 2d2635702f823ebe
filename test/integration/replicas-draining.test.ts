/** Replicas that are told to end: calls finish, users move, nothing is lost (FR31). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ledgerSet } from '../chaos/ledger-set.ts'
import { executions, sideBySide, tallyOf } from '../chaos/ledger.ts'
import { startLoad } from '../chaos/load.ts'
import { send } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { REPLICA_HEADER, type ReplicaSet, type TestReplica } from '../helpers/replicas.ts'
import { manyUsers } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

/** Who serves this user now, and who does not. */
async function ownerOf (set: ReplicaSet, user: string): Promise<readonly [owner: TestReplica, other: TestReplica]> {
  const answer = await set.modern(user, 'ledger').begin('tools/list')
  await answer.ended
  const owner = set.replicas.find(({ name }) => name === answer.headers[REPLICA_HEADER])
  const other = set.replicas.find((replica) => replica !== owner)
  assert.ok(owner !== undefined && other !== undefined)
  return [owner, other]
}

describe('draining among replicas', () => {
  it('rolling restart under load: nothing lost, nothing twice, nobody mixed up, exit code 0', async (t) => {
    const users = manyUsers(8, ['acme', 'globex'])
    const { set, file } = await ledgerSet(t, { users, more: { drainLeadMs: 1000, drainMs: 10_000 } })
    const names = users.map(({ user }) => user)
    const load = startLoad({ target: set, server: 'ledger', legacyUsers: names.slice(0, 4), modernUsers: names.slice(4), callMs: [2, 50, 5, 300, 2, 10], deadlineMs: 20_000 })
    await until('all users have called', () => new Set(load.calls.map(({ user }) => user)).size === users.length, 20_000)
    const codes: Array<number | null> = []
    for (const replica of set.replicas) {
      codes.push(await replica.stop())
      await replica.start()
    }
    const tally = tallyOf(await load.stop(), file)
    assert.deepEqual(codes, [0, 0])
    assert.deepEqual({ lost: tally.lost, unknown: tally.unknown, dup: tally.dup, mix: tally.mix, lied: tally.lied }, { lost: 0, unknown: 0, dup: 0, mix: 0, lied: 0 }, `${JSON.stringify(tally.details)} ${set.nginx.log().slice(-3000)}`)
    assert.ok(tally.ok > tally.clean)
    assert.deepEqual(sideBySide(file), [])
  })

  it('not ready at once; a call in flight finishes where it runs, its user moves when it has, and never has two workers', async (t) => {
    const { set, file } = await ledgerSet(t, { entry: { env: { LINGER: '700' } }, more: { drainLeadMs: 3000, drainMs: 20_000 } })
    const [owner, other] = await ownerOf(set, 'alice')
    const modern = set.modern('alice', 'ledger', other)
    const wire = set.wire('alice', 'ledger', other)
    await wire.open()
    const long = modern.call('work', { nonce: 'long', ms: 3000 })
    await until('it runs', async () => await callsInFlight(set, owner) === 1)
    owner.gateway.kill('SIGTERM')
    await until('it is not ready', async () => (await send(`${owner.url}/ready`)).status === 503)
    // Its session is served as long as something of the user's runs.
    assert.match(textOf(await wire.call('work', { nonce: 'beside' })), /^beside alice-/)
    assert.match(textOf(await long), /^long alice-/)
    const moved = await until('the other one serves the user', async () => {
      const answer = await modern.begin('tools/call', { name: 'work', arguments: { nonce: `moved${Math.random()}` } })
      await answer.ended
      assert.equal(answer.status, 200, answer.body())
      return answer.headers[REPLICA_HEADER] === other.name
    })
    assert.ok(moved)
    // What it kept has ended with its worker: the client is told to begin anew.
    assert.equal((await callStatus(wire, 'old')), 404)
    assert.deepEqual(await owner.gateway.exited, { code: 0, signal: null })
    assert.deepEqual([...executions(file).values()].filter((times) => times > 1), [])
    assert.equal(executions(file).has('old'), false)
    assert.deepEqual(sideBySide(file), [])
  })

  it('who is idle is handed over at once, while the replica still takes requests; streams end well', async (t) => {
    const { set } = await ledgerSet(t, { more: { drainLeadMs: 8000, drainMs: 20_000 } })
    const [owner, other] = await ownerOf(set, 'alice')
    const wire = set.wire('alice', 'ledger')
    await wire.open()
    const stream = await wire.listen()
    owner.gateway.kill('SIGTERM')
    assert.equal(await stream.ended, 'complete')
    assert.ok(stream.events.some(({ retry }) => retry !== undefined), 'the stream said when to come back')
    assert.equal(await callStatus(wire, 'gone'), 404)
    // Past nginx, at the one that drains: it hands over.
    const again = set.wire('alice', 'ledger', owner)
    await again.open()
    const answer = await again.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'work', arguments: { nonce: 'anew' } } })
    await answer.ended
    assert.deepEqual([answer.status, answer.headers[REPLICA_HEADER], answer.headers['connection']], [200, other.name, 'close'])
    assert.equal(again.sessionId?.split('-')[0], other.name)
    assert.deepEqual(await owner.gateway.exited, { code: 0, signal: null })
    assert.match(textOf(await set.modern('alice', 'ledger').call('work', { nonce: 'later' })), /^later /)
  })

  it('a second signal ends it at once; alone it drains as one that has no others', async (t) => {
    const { set } = await ledgerSet(t, { more: { drainLeadMs: 60_000, drainMs: 60_000 } })
    const [one, two] = set.replicas as readonly [TestReplica, TestReplica]
    one.gateway.kill('SIGTERM')
    await until('it is not ready', async () => (await send(`${one.url}/ready`)).status === 503)
    one.gateway.kill('SIGTERM')
    await one.gateway.exited
    await until('the other one knows', () => two.gateway.logs().some(({ event }) => event === 'replica_left'), 30_000)
    const startedMs = performance.now()
    assert.equal(await two.stop(), 0)
    assert.ok(performance.now() - startedMs < 20_000)
  })
})

async function callStatus (wire: LegacyWire, nonce: string): Promise<number> {
  const answer = await wire.post({ jsonrpc: '2.0', id: nonce, method: 'tools/call', params: { name: 'work', arguments: { nonce } } })
  await answer.ended
  return answer.status
}

/** Of alice, at the server that all use here. */
async function callsInFlight (set: ReplicaSet, { url }: TestReplica): Promise<number | undefined> {
  const answer = await send(`${url}/status`, { headers: set.keyOf('alice').bearer })
  const { servers } = JSON.parse(answer.body()) as { readonly servers: ReadonlyArray<{ readonly workers: { readonly calls_in_flight: number } }> }
  return servers[0]?.workers.calls_in_flight
}
