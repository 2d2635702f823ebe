/** What is sealed says in which replica it lives: a shared server has a worker in each, and a task of one is found through the other (rulings 7, T21). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startFixtureUpstreams, type FixtureUpstreams } from '../helpers/fixture-upstreams.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../helpers/replicas.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

const able = { capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } }

describe('a task of a shared server', () => {
  let set: ReplicaSet
  let upstreams: FixtureUpstreams
  before(async () => {
    upstreams = await startFixtureUpstreams([])
    set = await startReplicas({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }],
      config: { mcpServers: { shared: upstreams.entry('stdio-modern', { isolation: 'shared' }) }, limits: roomyLimits }
    })
  })
  after(async () => {
    await set.stop()
    await upstreams.stop()
  })

  const made = async (at: TestReplica): Promise<string> => String((await set.modern('alice', 'shared', at).call('slow_compute', { seconds: 10_000 }, able)).result?.['taskId'])

  it('is found and ended through the other replica, by nobody but its owner', async () => {
    const [one, two] = set.replicas as [TestReplica, TestReplica]
    for (const [madeAt, askedAt] of [[one, two], [two, one]] as const) {
      const taskId = await made(madeAt)
      const asking = set.modern('alice', 'shared', askedAt)
      assert.equal((await asking.request('tasks/get', { taskId }, able)).result?.['status'], 'working')
      for (const at of [one, two]) assert.equal((await set.modern('bob', 'shared', at).request('tasks/get', { taskId }, able)).error?.code, -32602)
      assert.equal((await asking.request('tasks/cancel', { taskId }, able)).error, undefined)
      assert.equal((await set.modern('alice', 'shared', madeAt).request('tasks/get', { taskId }, able)).result?.['status'], 'cancelled')
    }
  })

  it('of a replica that has gone is unknown, and no error of the gateway', async () => {
    const [one, two] = set.replicas as [TestReplica, TestReplica]
    const taskId = await made(two)
    await two.kill()
    // At once, before anybody can have noticed, and later.
    for (const wire of [set.modern('alice', 'shared', one), set.modern('alice', 'shared', one)]) assert.equal((await wire.request('tasks/get', { taskId }, able)).error?.code, -32602)
    await two.start()
  })
})
