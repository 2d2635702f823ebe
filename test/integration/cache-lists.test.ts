/** Lists and contents that are given again, over real HTTP and real workers (R32, FR17, T23, T24). */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { countingServer, type CountingServer } from '../helpers/counting-server.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'carol' }]

let server: CountingServer
let gateway: TestGateway
const modernWires: ModernWire[] = []

async function start (entry: Record<string, unknown>, cache: Record<string, unknown> = {}): Promise<void> {
  gateway = await startGateway({ users, config: { mcpServers: { counts: server.entry(entry) }, limits: roomyLimits, cache } })
}

async function opened (user: string, path = 'counts'): Promise<LegacyWire> {
  const wire = gateway.wire(user, path)
  await wire.open()
  return wire
}

function modern (user: string): ModernWire {
  const wire = createModernWire(`${gateway.url}/servers/counts/mcp`, gateway.keyOf(user).bearer)
  modernWires.push(wire)
  return wire
}

/** The text in which the server counts: of a list, the description or name of its first item; of contents, the text. */
async function said (wire: LegacyWire | ModernWire, method: string, params: Record<string, unknown> = {}): Promise<string> {
  const { result, error } = await wire.request(method, params)
  assert.ok(result, JSON.stringify(error))
  const items = (result['tools'] ?? result['prompts'] ?? result['resources'] ?? result['resourceTemplates'] ?? result['contents']) as Array<Record<string, string>>
  return (items[0]?.['description'] ?? items[0]?.['text'] ?? items[0]?.['name'] ?? '').replace(/^(\w+)-[0-9a-f]{40}/, '$1')
}

const counted = async (outcome: string): Promise<number> => await metricOf(gateway, 'cache_lookups_total', { outcome }) ?? 0

describe('lists', () => {
  before(() => { server = countingServer() })
  after(() => { server.remove() })
  afterEach(async () => {
    for (const wire of modernWires.splice(0)) wire.close()
    await gateway.stop()
  })

  it('are asked for once by each user, however often and by however many sessions; a server\'s word ends that', async () => {
    await start({})
    const [alice, again, bob] = [await opened('alice'), await opened('alice'), await opened('bob')]
    for (const [wire, who] of [[alice, 'alice'], [bob, 'bob'], [again, 'alice'], [bob, 'bob'], [alice, 'alice']] as const) assert.equal(await said(wire, 'tools/list'), `${who} lists #1`)
    assert.equal(await counted('hit'), 3)
    assert.equal(await said(alice, 'prompts/list'), 'alice lists #1')
    await alice.call('change', { what: 'tools' })
    assert.deepEqual([await said(again, 'tools/list'), await said(alice, 'prompts/list'), await said(bob, 'tools/list')], ['alice lists #2', 'alice lists #1', 'bob lists #1'])
  })

  it('a thousand at once by two users are two readings, cold and after a change (FR17)', async () => {
    await start({})
    const wires = await Promise.all(Array.from({ length: 20 }, (_, index) => opened(index % 2 === 0 ? 'alice' : 'bob')))
    for (const turn of ['cold', 'after a change']) {
      const before = server.asked('tools/list').length
      const texts = await Promise.all(Array.from({ length: 1000 }, (_, index) => said(wires[index % 20] as LegacyWire, 'tools/list')))
      assert.equal(new Set(texts).size, 2)
      assert.equal(server.asked('tools/list').length - before, 2, turn)
      for (const wire of wires.slice(0, 2)) await wire.call('change', { what: 'tools' })
    }
  })

  it('a thousand at their end are answered at once, and read anew by one for each user (FR17)', async () => {
    const ttlMs = 300
    await start({}, { listTtlMs: ttlMs })
    const wires = await Promise.all(Array.from({ length: 20 }, (_, index) => opened(index % 2 === 0 ? 'alice' : 'bob')))
    const herd = async (): Promise<Set<string>> => new Set(await Promise.all(Array.from({ length: 1000 }, (_, index) => said(wires[index % 20] as LegacyWire, 'tools/list'))))
    await herd()
    const atEndMs = performance.now() + ttlMs * 1.2
    await until('they are over', () => performance.now() > atEndMs)
    const before = server.asked('tools/list').length
    const startedMs = performance.now()
    await herd()
    // A list that ends while a thousand are answered is read once more meanwhile.
    const lives = Math.ceil((performance.now() - startedMs) / (ttlMs * 0.9))
    await until('they were read anew', () => server.asked('tools/list').length >= before + 2)
    assert.ok(server.asked('tools/list').length - before <= 2 * lives, `${server.asked('tools/list').length - before} readings in ${lives} lives`)
    assert.ok(await counted('stale') > 0)
  })

  it('of the aggregate are kept alike, and for each what it may see', async () => {
    await start({})
    const [alice, bob] = [await opened('alice', '/mcp'), await opened('bob', '/mcp')]
    for (const [wire, who] of [[alice, 'alice'], [bob, 'bob'], [alice, 'alice']] as const) assert.equal(await said(wire, 'tools/list'), `${who} lists #1`)
  })

  it('of a server that announces nothing are asked for anew once its user has used a tool', async () => {
    await start({ env: { COUNTS_ANNOUNCES: 'false' } })
    const [alice, bob] = [await opened('alice'), await opened('bob')]
    for (const wire of [alice, alice]) assert.equal(await said(wire, 'resources/list'), 'alice lists #1')
    assert.equal(await said(bob, 'resources/list'), 'bob lists #1')
    await alice.call('put', { text: 'x' })
    assert.deepEqual([await said(alice, 'resources/list'), await said(bob, 'resources/list')], ['alice lists #2', 'bob lists #1'])
  })

  it('of a worker that has ended are not given again', async () => {
    await start({})
    const alice = await opened('alice')
    assert.equal(await said(alice, 'tools/list'), 'alice lists #1')
    await alice.call('exit')
    const before = server.asked('tools/list').length
    await until('the new worker\'s list', async () => await said(alice, 'tools/list') === 'alice lists #1' && server.asked('tools/list').length > before)
  })

  it('are asked for each time where the operator says so', async () => {
    await start({ cache: { listTtlMs: 0 } })
    const alice = await opened('alice')
    for (const turn of [1, 2, 3]) assert.equal(await said(alice, 'tools/list'), `alice lists #${turn}`)
  })

  it('of a modern server: its own time, told to clients as what is left of it, always private (T23)', async () => {
    await start({ env: { COUNTS_ERA: 'modern', COUNTS_TTL: '1e12', COUNTS_SCOPE: 'public' } })
    const [alice, bob] = [modern('alice'), modern('bob')]
    const first = (await alice.request('tools/list')).result
    await until('time goes by', async () => Number((await alice.request('tools/list')).result?.['ttlMs']) < Number(first?.['ttlMs']))
    assert.ok(Number(first?.['ttlMs']) <= 300_000 && first?.['cacheScope'] === 'private')
    assert.equal(await said(alice, 'tools/list'), 'alice lists #1')
    assert.equal(await said(bob, 'tools/list'), 'bob lists #1', 'public is the server\'s word, and not heeded')
  })

  it('called public are the tenant\'s where the operator allows it, and no other tenant\'s (T23)', async () => {
    await start({ env: { COUNTS_ERA: 'modern', COUNTS_TTL: '60000', COUNTS_SCOPE: 'public' }, cache: { public: true } })
    const [alice, bob, carol] = [modern('alice'), modern('bob'), modern('carol')]
    assert.deepEqual([await said(alice, 'tools/list'), await said(bob, 'tools/list'), await said(carol, 'tools/list')], ['alice lists #1', 'alice lists #1', 'carol lists #1'])
    assert.equal(await said(alice, 'resources/read', { uri: 'counts://a' }), 'alice holds nothing #1')
    assert.equal(await said(bob, 'resources/read', { uri: 'counts://a' }), 'alice holds nothing #1')
  })
})

describe('contents of resources', () => {
  beforeEach(() => { server = countingServer() })
  afterEach(async () => {
    for (const wire of modernWires.splice(0)) wire.close()
    await gateway.stop()
    server.remove()
  })

  it('of a session-era server are read each time, unless the operator gives a time', async () => {
    await start({})
    const alice = await opened('alice')
    for (const turn of [1, 2]) assert.equal(await said(alice, 'resources/read', { uri: 'counts://a' }), `alice holds nothing #${turn}`)
  })

  it('with a time of the operator\'s are kept until their reader uses a tool', async () => {
    await start({ cache: { readTtlMs: 60_000 } })
    const alice = await opened('alice')
    assert.deepEqual([await said(alice, 'resources/read', { uri: 'counts://a' }), await said(alice, 'resources/read', { uri: 'counts://a' })], ['alice holds nothing #1', 'alice holds nothing #1'])
    await alice.call('put', { text: 'x' })
    assert.equal(await said(alice, 'resources/read', { uri: 'counts://a' }), 'alice holds x #2')
  })

  it('of a modern server are kept for its time, by user and URI, until it says that one has changed', async () => {
    await start({ env: { COUNTS_ERA: 'modern', COUNTS_TTL: '60000' } })
    const [alice, bob] = [await opened('alice'), await opened('bob')]
    await alice.request('resources/subscribe', { uri: 'counts://a' })
    assert.deepEqual([await said(alice, 'resources/read', { uri: 'counts://a' }), await said(alice, 'resources/read', { uri: 'counts://a' })], ['alice holds nothing #1', 'alice holds nothing #1'])
    assert.equal(await said(alice, 'resources/read', { uri: 'counts://b' }), 'alice holds nothing #2')
    assert.equal(await said(bob, 'resources/read', { uri: 'counts://a' }), 'bob holds nothing #1')
    await alice.call('change', { what: 'read' })
    assert.equal(await said(alice, 'resources/read', { uri: 'counts://a' }), 'alice holds nothing #3')
  })

  it('a hundred cold readings by two users are two; who asked first may go (T24)', async () => {
    await start({ env: { COUNTS_ERA: 'modern', COUNTS_TTL: '60000' } })
    const [alice, bob] = [modern('alice'), modern('bob')]
    await Promise.all([alice.request('tools/list'), bob.request('tools/list')])
    const leaving = new AbortController()
    const first = alice.begin('resources/read', { uri: 'counts://a' }, { signal: leaving.signal }).catch(() => undefined)
    const all = Array.from({ length: 100 }, (_, index) => said(index % 2 === 0 ? alice : bob, 'resources/read', { uri: 'counts://a' }))
    leaving.abort()
    await first
    const texts = await Promise.all(all)
    for (const [index, text] of texts.entries()) assert.match(text, index % 2 === 0 ? /^alice holds nothing #[12]$/ : /^bob holds nothing #1$/)
    const readings = server.asked('resources/read').length
    assert.ok(readings >= 2 && readings <= 3, `${readings}: one more if the first one had been sent`)
  })
})
