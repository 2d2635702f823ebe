/** Lists and results over two replicas and one Redis: read once for both, gone at both, and nothing waits while Redis is away (R32, FR17, FR20). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { countingServer, type CountingServer } from '../helpers/counting-server.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../helpers/replicas.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

describe('two replicas of one shared server', () => {
  let server: CountingServer
  let set: ReplicaSet
  let one: TestReplica
  let two: TestReplica
  before(async () => {
    server = countingServer()
    const shared = { isolation: 'shared', stateless: true, env: { COUNTS_WHO: 'everybody' } }
    set = await startReplicas({
      users: [{ tenant: 'acme', user: 'alice' }],
      isUntagged: true,
      config: { mcpServers: { counts: server.entry({ ...shared, tools: { cache: { search: 60_000 } } }) }, limits: roomyLimits }
    })
    ;[one, two] = set.replicas as [TestReplica, TestReplica]
    for (const { gateway } of set.replicas) await until('it reaches Redis', async () => await metricOf(gateway, 'redis_up') === 1)
  })
  after(async () => {
    await set.stop()
    server.remove()
  })

  async function at (replica: TestReplica): Promise<LegacyWire> {
    const wire = set.wire('alice', 'counts', replica)
    await wire.open()
    return wire
  }
  const listed = async (wire: LegacyWire): Promise<string> => {
    const { result, error } = await wire.request('tools/list')
    assert.ok(result, JSON.stringify(error))
    return (result['tools'] as Array<{ description: string }>)[0]?.description ?? ''
  }
  const readings = (): number => server.asked('tools/list').length

  it('a list is read by one and given by both, until the server says at one that it has changed', async () => {
    // Opening a session starts the server: what is kept has to be younger than that.
    const [first, second] = [await at(one), await at(two)]
    const own = await listed(first)
    assert.equal(readings(), 1)
    await until('it is in Redis', async () => (await set.redis.cli('keys', 'db:{g:cache:*:tools:*')) !== '')
    assert.equal(await listed(second), own)
    assert.equal(readings(), 1)
    await first.call('change', { what: 'tools' })
    await until('the other one reads anew', async () => {
      await listed(second)
      return readings() === 2
    })
    await listed(first)
    assert.equal(readings(), 2)
  })

  it('a marked tool runs once for both', async () => {
    const [first, second] = [await at(one), await at(two)]
    const before = server.asked('tools/call').length
    const result = textOf(await first.call('search', { q: 'over both' }))
    await until('it is in Redis', async () => (await set.redis.cli('keys', 'db:{g:cache:*:results:*')) !== '')
    assert.equal(textOf(await second.call('search', { q: 'over both' })), result)
    assert.equal(server.asked('tools/call').length, before + 1)
  })

  it('while Redis is away each keeps its own, and afterwards asks again', async () => {
    const [first, second] = [await at(one), await at(two)]
    await listed(first)
    await listed(second)
    await set.redis.kill()
    const startedMs = performance.now()
    for (const wire of [first, second]) {
      assert.match(textOf(await wire.call('search', { q: 'meanwhile' })), /^everybody found/)
      assert.match(await listed(wire), /^everybody lists/)
    }
    assert.ok(performance.now() - startedMs < 10_000)
    await set.redis.start()
    const before = readings()
    await until('what may have changed unheard is read anew', async () => {
      await listed(first)
      await listed(second)
      return readings() > before
    }, 30_000)
    for (const key of (await set.redis.cli('keys', 'db:{g:cache*')).split('\n').filter((name) => name !== '')) assert.ok(Number(await set.redis.cli('pttl', key)) > 0, key)
  })
})
