/** T22: what one user was answered is never another's, through the memory of a process and through Redis. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { countingServer, type CountingServer } from '../../helpers/counting-server.ts'
import { textOf, type LegacyWire } from '../../helpers/legacy-wire.ts'
import { metricOf } from '../../helpers/metrics.ts'
import type { ModernWire } from '../../helpers/modern-wire.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../../helpers/replicas.ts'
import { roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'alice2' }]
type Wire = LegacyWire | ModernWire
type Ask = (wire: Wire) => Promise<string>

/** The same request of everybody; each answer names whom the server works for. */
const ASKS: Readonly<Record<string, Ask>> = {
  'tools/list': async (wire) => await listed(wire, 'tools/list', 'tools'),
  'prompts/list': async (wire) => await listed(wire, 'prompts/list', 'prompts'),
  'resources/list': async (wire) => await listed(wire, 'resources/list', 'resources'),
  'resources/templates/list': async (wire) => await listed(wire, 'resources/templates/list', 'resourceTemplates'),
  'resources/read': async (wire) => await listed(wire, 'resources/read', 'contents', { uri: 'counts://a' }),
  'a marked tool': async (wire) => textOf(await wire.call('search', { q: 'the same' }))
}

async function listed (wire: Wire, method: string, member: string, params: Record<string, unknown> = {}): Promise<string> {
  const { result, error } = await wire.request(method, params)
  assert.ok(result, JSON.stringify(error))
  return JSON.stringify(result[member])
}

const whoIn = (text: string): string[] => [...new Set([...text.matchAll(/\b(alice2?|bob)-[0-9a-f]{40}/g)].map(([, who]) => who ?? ''))]

describe('T22', () => {
  let server: CountingServer
  let set: ReplicaSet
  let one: TestReplica
  let two: TestReplica
  before(async () => {
    server = countingServer()
    const tools = { cache: { search: 60_000 } }
    set = await startReplicas({
      users,
      isUntagged: true,
      config: {
        mcpServers: {
          legacy: server.entry({ tools, cache: { readTtlMs: 60_000 } }),
          modern: server.entry({ tools, env: { COUNTS_ERA: 'modern', COUNTS_TTL: '60000', COUNTS_SCOPE: 'public' } })
        },
        limits: roomyLimits
      }
    })
    ;[one, two] = set.replicas as [TestReplica, TestReplica]
  })
  after(async () => {
    await set.stop()
    server.remove()
  })

  const modernAt = (user: string, at?: TestReplica): ModernWire => set.modern(user, 'modern', at)
  async function legacyAt (user: string, at?: TestReplica): Promise<LegacyWire> {
    const wire = set.wire(user, 'legacy', at)
    await wire.open()
    return wire
  }
  const metric = async (replica: TestReplica, name: string): Promise<number> => await metricOf(replica.gateway, name) ?? 0

  for (const era of ['legacy', 'modern'] as const) {
    it(`${era}: everybody gets the own answer, one after the other and all at once, at either replica`, async () => {
      for (const [name, ask] of Object.entries(ASKS)) {
        const wires = new Map<string, Wire[]>()
        for (const { user } of users) wires.set(user, era === 'legacy' ? [await legacyAt(user, one), await legacyAt(user, two)] : [modernAt(user, one), modernAt(user, two)])
        for (const user of ['alice', 'bob', 'alice', 'alice2', 'bob']) {
          for (const wire of wires.get(user) ?? []) assert.deepEqual(whoIn(await ask(wire)), [user], name)
        }
        const herd = Array.from({ length: 120 }, (_, index) => users[index % 3]?.user ?? '')
        const answers = await Promise.all(herd.map(async (user, index) => await ask(wires.get(user)?.[index % 2] as Wire)))
        for (const [index, answer] of answers.entries()) assert.deepEqual(whoIn(answer), [herd[index]], name)
      }
    })
  }

  it('what is in Redis is under names and of generations that nobody shares, and holds no credential', async () => {
    const keys = (await set.redis.cli('keys', 'db:{g:cache:*')).split('\n').filter((key) => key !== '')
    assert.ok(keys.length > 0)
    const owners = new Map<string, Set<string>>()
    for (const key of keys) {
      const text = await set.redis.cli('get', key)
      for (const { user } of users) assert.ok(!text.includes(set.keyOf(user).text ?? '\u0000'))
      const group = /\{g:cache:([^}]+)\}/.exec(key)?.[1] ?? ''
      for (const who of whoIn(text)) owners.set(group, (owners.get(group) ?? new Set()).add(who))
    }
    assert.ok(owners.size >= users.length)
    for (const [group, who] of owners) assert.equal(who.size, 1, group)
  })

  it('a value that somebody put into Redis is a miss, counted, and nobody is given it (T57)', async () => {
    const ask = ASKS['a marked tool'] as Ask
    const own = await ask(modernAt('bob', one))
    const entries = (await set.redis.cli('keys', 'db:{g:cache:*:results:*')).split('\n')
    const values = new Map<string, string>()
    for (const key of entries) values.set(key, await set.redis.cli('get', key))
    const bobs = entries.filter((key) => whoIn(values.get(key) ?? '').includes('bob'))
    const alices = [...values.values()].find((text) => whoIn(text).includes('alice')) ?? ''
    assert.ok(bobs.length > 0 && alices !== '')
    for (const key of bobs) await set.redis.cli('set', key, alices, 'px', '600000')
    // What is kept in memory is not asked of Redis: the replicas begin anew.
    for (const replica of [one, two]) {
      await replica.stop()
      await replica.start()
      await until('it reaches Redis', async () => await metric(replica, 'redis_up') === 1)
    }
    const again = await ask(modernAt('bob', one))
    assert.deepEqual(whoIn(again), ['bob'])
    assert.notEqual(again.length, 0)
    await until('it is counted', async () => await metric(one, 'state_mac_fail_total') + await metric(two, 'state_mac_fail_total') > 0)
    assert.ok(own.includes('the same'))
  })
})
