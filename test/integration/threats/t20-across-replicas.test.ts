/** T20 Notifications, cancels, events and tasks of others, over two replicas: nothing of a user's is reached, ended or heard by another one through either. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createLegacyWire, responseOf, textOf, type LegacyWire } from '../../helpers/legacy-wire.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'mallory' }]
const CALLS = 40

describe('T20: what belongs to somebody else', () => {
  let set: ReplicaSet
  const wires: LegacyWire[] = []
  before(async () => { set = await startReplicas({ users, config: { mcpServers: { probe: probe(), common: probe({ isolation: 'shared' }) }, limits: roomyLimits } }) })
  after(async () => {
    for (const wire of wires) wire.close()
    await set.stop()
  })

  function through (at: TestReplica, user: string, server: string, sessionId?: string): LegacyWire {
    const wire = createLegacyWire(`${at.url}/servers/${server}/mcp`, { ...set.keyOf(user).bearer })
    wire.sessionId = sessionId
    wires.push(wire)
    return wire
  }

  for (const server of ['probe', 'common']) {
    it(`is not cancelled by a guessed id (${server})`, async () => {
      const [one, two] = set.replicas as [TestReplica, TestReplica]
      const mine = [through(one, 'alice', server), through(two, 'alice', server)]
      for (const wire of mine) await wire.open()
      const calls = mine.flatMap((wire, at) => Array.from({ length: CALLS }, async (_, id) => textOf(await wire.call('echo', { text: `${at} ${id}`, delayMs: 700 }, id + 1))))
      const thieves = await Promise.all(set.replicas.map(async (at) => {
        const own = through(at, 'mallory', server)
        await own.open()
        return own
      }))
      for (const thief of thieves) for (let id = 1; id <= CALLS; id++) await thief.tell({ method: 'notifications/cancelled', params: { requestId: id } })
      // Nor in the name of the session itself.
      for (const at of set.replicas) for (const wire of mine) assert.equal((await through(at, 'mallory', server, wire.sessionId).tell({ method: 'notifications/cancelled', params: { requestId: 1 } })).status, 404)
      const answers = await Promise.all(calls)
      assert.deepEqual(answers, mine.flatMap((_, at) => Array.from({ length: CALLS }, (_unused, id) => `${at} ${id}`)))
    })
  }

  it('is not replayed to another user\'s stream by its event id', async () => {
    const [one, two] = set.replicas as [TestReplica, TestReplica]
    const mine = through(one, 'alice', 'probe')
    await mine.open()
    const stream = await mine.listen()
    await mine.call('grow')
    await stream.next('the news', ({ method }) => method === 'notifications/tools/list_changed')
    const answer = await mine.post({ jsonrpc: '2.0', id: 'slow', method: 'tools/call', params: { name: 'progress', arguments: { steps: 3, everyMs: 5, label: 'canary' }, _meta: { progressToken: 1 } } })
    await responseOf(answer, 'slow')
    const ids = [...stream.events, ...answer.events].map(({ id }) => id).filter((id) => id !== undefined)
    assert.ok(ids.length > 0)
    stream.cut()
    for (const at of [one, two]) {
      const thief = through(at, 'mallory', 'probe')
      await thief.open()
      for (const id of ids) {
        const replay = await thief.listen(id)
        assert.equal(replay.status, 200)
        await thief.call('echo', { text: 'own' })
        assert.doesNotMatch(JSON.stringify(replay.events), /canary|list_changed/)
        replay.cut()
        assert.equal((await through(at, 'mallory', 'probe', mine.sessionId).listen(id)).status, 404)
      }
    }
    // Its owner has it, through either replica.
    for (const at of [one, two]) {
      const again = await through(at, 'alice', 'probe', mine.sessionId).listen(ids[0])
      assert.equal(again.status, 200)
      again.cut()
    }
  })
})
