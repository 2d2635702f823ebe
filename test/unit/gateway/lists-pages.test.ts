import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from './gateway-parts.ts'
import { madeUp, page, pages, plannedServer, tool } from './lists-parts.ts'

describe('long lists of the aggregate', () => {
  it('a thousand tools of three servers come in pages, in the order of the config and of the servers, each once', async (t) => {
    const [one, two, three] = [plannedServer(t, { tools: 333, pageSize: 50 }), plannedServer(t, { tools: 334 }), plannedServer(t, { tools: 333, pageSize: 7 })]
    const { client } = await startGateway(t, { servers: { zeta: one.entry, alpha: two.entry, mid: three.entry } })
    const alice = await client('alice', '/')
    const all = await pages(alice)
    assert.deepEqual(all.map(({ names }) => names.length), [500, 500])
    assert.deepEqual(all.flatMap(({ names }) => names), [...madeUp('zeta', 333), ...madeUp('alpha', 334), ...madeUp('mid', 333)])
    assert.equal(one.journal('tools/list').length, 7)
    assert.equal(three.journal('tools/list').length, 48, 'the second page is made of what the first was made of')
  })

  it('pages are bounded in bytes as well, and one item is always given', async (t) => {
    const server = plannedServer(t, { tools: [300_000, 300_000, 300_000, 300_000, 1_500_000, 10].map((length, index) => tool(`t${index}`, { description: 'd'.repeat(length) })) })
    const { client } = await startGateway(t, { servers: { one: server.entry } })
    assert.deepEqual((await pages(await client('alice', '/'))).map(({ names }) => names), [['one__t0', 'one__t1', 'one__t2'], ['one__t3'], ['one__t4'], ['one__t5']])
  })

  it('a change between two pages loses nothing and repeats nothing that stayed', async (t) => {
    const names = Array.from({ length: 700 }, (_, index) => `t${index}`)
    const server = plannedServer(t, { tools: names.map((name) => tool(name)) })
    const { client, clock } = await startGateway(t, { servers: { one: server.entry } })
    const alice = await client('alice', '/')
    const first = await page(alice)
    assert.equal(first.names.at(-1), 'one__t499')
    const changed = ['new at the front', ...names.filter((_, index) => index % 7 !== 0 || index === 499), 'new at the end']
    server.plan({ tools: changed.map((name) => tool(name)) })
    clock.advance(60_001)
    const second = await page(alice, first.next)
    assert.deepEqual(second.names.map((name) => name.slice(5)).filter((name) => !name.startsWith('new')), changed.filter((name) => Number(name.slice(1)) > 499))
    assert.equal(second.names.length, changed.filter((name) => Number(name.slice(1)) > 499).length + 1)
  })

  it('when the item at which it stopped is gone, the client has to begin again', async (t) => {
    const server = plannedServer(t, { tools: 600 })
    const { client, clock } = await startGateway(t, { servers: { one: server.entry } })
    const alice = await client('alice', '/')
    const { next } = await page(alice)
    server.plan({ tools: 499 })
    assert.equal((await page(alice, next)).names.length, 100, 'for a minute, the list stays as it was')
    clock.advance(60_001)
    assert.equal((await page(alice, next)).error, -32602)
  })

  it('a server that is gone at the next page is passed over or stood in for, the others go on', async (t) => {
    const [one, two] = [plannedServer(t, { tools: 600 }), plannedServer(t, { tools: 10 })]
    const { client, clock, gateway } = await startGateway(t, { servers: { one: one.entry, two: two.entry } })
    const alice = await client('alice', '/')
    const { next } = await page(alice)
    one.plan({ down: true })
    await alice.call('one__exit')
    clock.advance(61_000)
    const stood = await page(alice, next)
    assert.deepEqual([stood.names, stood.servers], [[...madeUp('one', 600).slice(500), ...madeUp('two', 10)], { stale: ['one'] }])
    clock.advance(3_600_000)
    const passed = await page(alice, next)
    assert.deepEqual([passed.names, passed.servers], [madeUp('two', 10), { down: ['one'] }])
    assert.equal(gateway.callsInFlight, 0)
  })

  it('cursors are their owner\'s, their list\'s and the aggregate\'s alone (T21)', async (t) => {
    const server = plannedServer(t, { tools: 600, resources: 600, pageSize: 400 })
    const { client } = await startGateway(t, { servers: { one: server.entry } })
    const alice = await client('alice', '/')
    const { next = '' } = await page(alice)
    const own = await page(await client('alice', 'one'))
    assert.ok(next !== '' && own.next !== undefined)
    assert.equal((await page(await client('bob', '/'), next)).error, -32602)
    assert.equal((await page(await client('alice', 'one'), next)).error, -32602)
    assert.equal((await page(alice, next, 'resources/list')).error, -32602)
    for (const cursor of ['', 'x', 'inner-400', own.next, next.slice(1), `${next}=`]) assert.equal((await page(alice, cursor)).error, -32602, cursor)
    assert.deepEqual((await page(alice, next)).names, madeUp('one', 600).slice(500))
  })

  it('what is hidden or for an app alone takes no room in a page', async (t) => {
    const tools = Array.from({ length: 1200 }, (_, index) => tool(`t${index}`, index % 3 === 0 ? { _meta: { ui: { visibility: ['app'] } } } : {}))
    const server = plannedServer(t, { tools }, { tools: { deny: ['t*1'], timeoutMs: {}, callsPerMinute: {} } })
    const { client } = await startGateway(t, { servers: { one: server.entry } })
    const all = await pages(await client('alice', '/'))
    assert.deepEqual(all.flatMap(({ names }) => names), tools.map(({ name }) => `one__${String(name)}`).filter((name, index) => index % 3 !== 0 && !name.endsWith('1')))
    assert.equal(all[0]?.names.length, 500)
  })
})
