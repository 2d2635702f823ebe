/** T19 A worker, or a connection, of one user given to another, over two replicas: what one leaves in it nobody else finds, and a user finds it from everywhere. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { textOf } from '../../helpers/legacy-wire.ts'
import { metricOf } from '../../helpers/metrics.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { manyUsers, probe, roomyLimits, roomyPool } from '../../helpers/server-entries.ts'

const USERS = 8
const users = manyUsers(USERS, ['acme', 'globex'])

describe('T19: workers and what is in them', () => {
  let set: ReplicaSet
  before(async () => {
    set = await startReplicas({ users, config: { mcpServers: { probe: probe({ pool: roomyPool }), warm: probe({ pool: { ...roomyPool, warm: 2 } }), team: probe({ isolation: 'tenant' }) }, limits: roomyLimits } })
  })
  after(async () => { await set.stop() })

  const held = async (user: string, server: string, at: ReplicaSet['replicas'][number]): Promise<{ pid: number, value: unknown }> =>
    JSON.parse(textOf(await set.modern(user, server, at).call('get'))) as { pid: number, value: unknown }

  for (const server of ['probe', 'warm']) {
    it(`${server}: each user's own, the same through both replicas, in both eras`, async () => {
      await Promise.all(users.map(async ({ user }) => { assert.equal((await set.modern(user, server).call('put', { value: `of ${user}` })).error, undefined) }))
      const pids = new Map<number, string>()
      for (const { user } of users) {
        for (const at of set.replicas) {
          const { pid, value } = await held(user, server, at)
          assert.equal(value, `of ${user}`)
          assert.equal(pids.get(pid) ?? user, user)
          pids.set(pid, user)
          const wire = set.wire(user, server, at)
          await wire.open()
          assert.match(textOf(await wire.call('get')), new RegExp(`of ${user}"`))
        }
      }
      assert.equal(pids.size, USERS)
    })
  }

  it('isolation tenant: one of each tenant over both replicas, and never another tenant\'s', async () => {
    const pids = new Map<string, Set<number>>()
    for (const [index, { user, tenant }] of users.entries()) {
      const at = set.replicas[index % 2] as ReplicaSet['replicas'][number]
      const { pid } = await held(user, 'team', at)
      pids.set(tenant, (pids.get(tenant) ?? new Set()).add(pid))
    }
    const [one, other] = [...pids.values()]
    assert.deepEqual([one?.size, other?.size], [1, 1])
    assert.notDeepEqual(one, other)
  })

  it('no worker was ever given to another key', async () => {
    for (const { gateway } of set.replicas) assert.equal(await metricOf(gateway, 'worker_reassigned_total'), 0)
  })
})
