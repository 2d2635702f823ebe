/**
 * T01 Cross-tenant session hijack, over two replicas: somebody else's session id is worth nothing through either of them, whatever
 * the verb, and looks exactly as one that never was.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { exchange, send, type Exchange } from '../../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../../helpers/legacy-wire.ts'
import { metricOf } from '../../helpers/metrics.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'mallory' }, { tenant: 'globex', user: 'eve' }]

describe('T01: the session id of somebody else', () => {
  let set: ReplicaSet
  let mine: LegacyWire
  let home: TestReplica
  before(async () => {
    set = await startReplicas({ users, config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    const [one, two] = set.replicas as [TestReplica, TestReplica]
    mine = set.wire('alice', 'probe', one)
    await mine.open()
    // Who is served first at a replica lives there: these two do not live together.
    await set.wire('mallory', 'probe', two).open()
    await mine.call('put', { value: 'canary-of-alice' })
    home = set.replicas.find(({ name }) => mine.sessionId?.startsWith(`${name}-`)) as TestReplica
  })
  after(async () => { await set.stop() })

  /** Everything that a client sees of an answer, but for what is new in each. */
  async function seen (answer: Exchange): Promise<string> {
    // A stream has no end, and is none of theirs.
    if (answer.isSse) answer.cut()
    await answer.ended
    const { date: _date, 'x-request-id': _id, 'x-drawbridge-replica': _replica, ...headers } = answer.headers
    return JSON.stringify([answer.status, headers, answer.body()])
  }

  /** One answer for each way to use a session id, through one replica. */
  async function tried (at: TestReplica, user: string, sessionId: string): Promise<string[]> {
    const url = `${at.url}/servers/probe/mcp`
    const headers = { ...set.keyOf(user).bearer, 'mcp-session-id': sessionId, accept: 'application/json, text/event-stream' }
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get' } }
    return [
      await seen(await exchange(url, { method: 'POST', body: message, headers })),
      await seen(await exchange(url, { method: 'POST', body: [message], headers })),
      await seen(await exchange(url, { headers: { ...headers, accept: 'text/event-stream' } })),
      await seen(await exchange(url, { headers: { ...headers, accept: 'text/event-stream', 'last-event-id': '1' } })),
      await seen(await send(url, { method: 'DELETE', headers })),
      await seen(await exchange(`${at.url}/servers/probe/messages?session_id=${sessionId}`, { body: message, headers: set.keyOf(user).bearer }))
    ]
  }

  for (const thief of ['mallory', 'eve']) {
    it(`is 404 for ${thief} through either replica, in the same bytes as an id that nobody has`, async () => {
      const id = mine.sessionId ?? ''
      const [tag] = id.split('-')
      // Of the same replica and run, so that it goes the same way; and of none.
      const unknown = [id.slice(0, -4) + (id.endsWith('AAAA') ? 'BBBB' : 'AAAA'), `${tag}-${'x'.repeat(40)}`, 'y'.repeat(43)]
      for (const at of set.replicas) {
        const stolen = await tried(at, thief, id)
        for (const answer of stolen) assert.match(answer, /^\[404,/)
        for (const other of unknown) assert.deepEqual(await tried(at, thief, other), stolen)
        assert.doesNotMatch(stolen.join(), /canary/)
      }
      assert.match(textOf(await mine.call('get')), /canary-of-alice/)
    })
  }

  it('is counted and recorded where the session lives', async () => {
    await until('both are counted', async () => (await metricOf(home.gateway, 'session_owner_mismatch_total') ?? 0) >= 2)
    const records = home.gateway.logs().filter((line) => line['reason'] === 'owner_mismatch')
    assert.deepEqual(new Set(records.map(({ user }) => user)), new Set(['mallory', 'eve']))
  })

  it('opens nothing at the wrong replica: an initialize that brings it along gets no session there', async () => {
    for (const at of set.replicas) {
      const headers = { ...set.keyOf('mallory').bearer, 'mcp-session-id': mine.sessionId ?? '', accept: 'application/json, text/event-stream' }
      const answer = await exchange(`${at.url}/servers/probe/mcp`, { method: 'POST', body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } }, headers })
      await answer.ended
      assert.deepEqual([answer.status, answer.headers['mcp-session-id']], [404, undefined])
    }
    // Without the id a session is opened at the right place.
    const own = await Promise.all(set.replicas.map(async (at) => {
      const wire = set.wire('mallory', 'probe', at)
      await wire.open()
      return (JSON.parse(textOf(await wire.call('get'))) as { readonly pid: number }).pid
    }))
    assert.equal(new Set(own).size, 1)
  })
})
