/** Three replicas without any stickiness in front: clients of both eras notice nothing (rulings 7). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inLanes } from '../chaos/scene.ts'
import { responseOf, textOf } from '../helpers/legacy-wire.ts'
import { REPLICA_HEADER, startReplicas } from '../helpers/replicas.ts'
import { manyUsers, probe, roomyLimits, roomyPool } from '../helpers/server-entries.ts'

const CLIENTS = 200
const USERS = 20

describe('round-robin over three replicas', () => {
  it('initialize, list, call, GET stream, close: 200 of 200 clients clean, both eras', async (t) => {
    const users = manyUsers(USERS, ['acme', 'globex'])
    const set = await startReplicas({
      count: 3,
      stickiness: 'round-robin',
      users,
      config: { mcpServers: { probe: probe({ pool: roomyPool }) }, limits: roomyLimits, pool: { maxWorkersPerTenant: 500, maxWorkers: 500 } }
    })
    t.after(async () => { await set.stop() })
    const served = new Map<string, Set<string>>()
    const note = (user: string, name: unknown): void => { served.set(user, (served.get(user) ?? new Set()).add(String(name))) }

    async function legacy (user: string, text: string): Promise<void> {
      const wire = set.wire(user, 'probe')
      await wire.open()
      const list = await wire.request('tools/list')
      assert.ok(Array.isArray(list.result?.['tools']))
      const stream = await wire.listen()
      assert.equal(stream.status, 200)
      const answer = await wire.post({ jsonrpc: '2.0', id: text, method: 'tools/call', params: { name: 'echo', arguments: { text } } })
      assert.equal(textOf(await responseOf(answer, text)), text)
      note(user, answer.headers[REPLICA_HEADER])
      assert.equal((await wire.end()).status, 204)
      assert.equal(await stream.ended, 'complete')
      assert.equal((await wire.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404)
      wire.close()
    }

    async function modern (user: string, text: string): Promise<void> {
      const wire = set.modern(user, 'probe')
      assert.ok(Array.isArray((await wire.request('tools/list')).result?.['tools']))
      const answer = await wire.begin('tools/call', { name: 'echo', arguments: { text } }, { id: text })
      assert.equal(textOf(await responseOf(answer, text)), text)
      note(user, answer.headers[REPLICA_HEADER])
      wire.close()
    }

    const failures: unknown[] = []
    await inLanes(CLIENTS, 10, async (index) => {
      const user = `u${index % USERS}`
      const client = index % 40 < 20 ? legacy : modern
      await client(user, `text ${index} of ${user}`).catch((error: unknown) => { failures.push(error) })
    })
    assert.deepEqual(failures, [])
    // Each user has one worker, whichever replica was asked; together they use all replicas.
    assert.deepEqual([...served].filter(([, names]) => names.size !== 1), [])
    assert.deepEqual(new Set([...served.values()].flatMap((names) => [...names])).size, 3)
    assert.equal(set.replicas.reduce((sum, { gateway }) => sum + gateway.workers().length, 0), USERS)
  })
})
