import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from './gateway-parts.ts'
import { page, pages, plannedServer, tool } from './lists-parts.ts'

describe('the lists of a server\'s own endpoint', () => {
  it('come in the server\'s pages, under cursors that show nothing of the server\'s', async (t) => {
    const server = plannedServer(t, { tools: 7, pageSize: 3 })
    const { client } = await startGateway(t, { servers: { one: server.entry } })
    const all = await pages(await client('alice', 'one'))
    assert.deepEqual(all.map(({ names }) => names.length), [3, 3, 1])
    assert.deepEqual(all.flatMap(({ names }) => names), Array.from({ length: 7 }, (_, index) => `tools_${index}`))
    assert.deepEqual(server.journal('tools/list'), ['- tools/list ', '- tools/list inner-3', '- tools/list inner-6'])
    for (const { next } of all) assert.ok(next === undefined || !Buffer.from(next, 'base64url').toString('latin1').includes('inner'))
  })

  it('a cursor is its owner\'s, its endpoint\'s and its list\'s alone; others never reach the server (T21)', async (t) => {
    const server = plannedServer(t, { tools: 7, resources: 7, pageSize: 3 })
    const { client } = await startGateway(t, { servers: { one: server.entry, two: server.entry } })
    const alice = await client('alice', 'one')
    const { next = '' } = await page(alice)
    const asked = server.journal('tools/list').length
    const strangers = [await client('bob', 'one'), await client('alice', 'two'), await client('alice', '/'), await client('alice', 'one', {}, { ownerKey: 'another client of alice' })]
    for (const stranger of strangers) assert.equal((await page(stranger, next)).error, -32602)
    for (const cursor of ['inner-3', 'x', next.slice(0, -4), `${next}A`, 'A'.repeat(200_000)]) assert.equal((await page(alice, cursor)).error, -32602, cursor.slice(0, 60))
    for (const cursor of [null, 3, {}, ['inner-3']]) assert.equal((await alice.get('tools/list', { cursor })).error?.code, -32602)
    assert.equal((await page(alice, next, 'resources/list')).error, -32602)
    assert.deepEqual([server.journal('tools/list').length, server.journal('resources/list')], [asked, []])
    assert.deepEqual((await page(alice, next)).names, ['tools_3', 'tools_4', 'tools_5'])
  })

  it('a cursor ends after an hour', async (t) => {
    let now = Date.now()
    t.mock.method(Date, 'now', () => now)
    const server = plannedServer(t, { tools: 7, pageSize: 3 })
    const { client } = await startGateway(t, { servers: { one: server.entry } })
    const alice = await client('alice', 'one')
    const { next } = await page(alice)
    now += 3_599_999
    assert.equal((await page(alice, next)).error, undefined)
    now += 1
    assert.equal((await page(alice, next)).error, -32602)
  })

  it('a page of hidden tools is empty and has its cursor', async (t) => {
    const server = plannedServer(t, { tools: [tool('a'), tool('b'), tool('shown')], pageSize: 2 }, { tools: { deny: ['a', 'b'], timeoutMs: {}, callsPerMinute: {} } })
    const { client } = await startGateway(t, { servers: { one: server.entry } })
    assert.deepEqual((await pages(await client('alice', 'one'))).map(({ names }) => names), [[], ['shown']])
  })

  it('odd cursors of a server: none is taken off, the empty one goes through, a monstrous one is its fault', async (t) => {
    const server = plannedServer(t, { tools: 1, nextCursor: null })
    const { client } = await startGateway(t, { servers: { one: server.entry } })
    const alice = await client('alice', 'one')
    const { result } = await alice.get('tools/list')
    assert.deepEqual(Object.keys(result ?? {}), ['tools'])
    server.plan({ tools: 1, nextCursor: '' })
    assert.equal((await page(alice)).next, '')
    server.plan({ tools: 1, nextCursor: 'ü\u0000'.repeat(10_000) })
    assert.equal((await page(alice)).error, 50201)
    server.plan({ tools: 1, nextCursor: 'x'.repeat(32_000) })
    const { next = '' } = await page(alice)
    assert.ok(next.length > 0 && next.length <= 65_536)
    assert.equal((await page(alice, next)).error, undefined)
    assert.equal(server.journal('tools/list').at(-1), `- tools/list ${'x'.repeat(32_000)}`)
  })
})
