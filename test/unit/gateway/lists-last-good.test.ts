import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName, TenantId } from '../../../src/shared/ids.ts'
import { until } from '../../helpers/until.ts'
import { startGateway } from './gateway-parts.ts'
import type { GatewayBench, TestClient } from './gateway-parts.ts'
import { hurry, page, plannedServer, tool, type PlannedServer } from './lists-parts.ts'

/** Ends the client's worker; it does not come back until the plan says otherwise. */
async function takeDown (client: TestClient, server: PlannedServer, { clock, workers }: GatewayBench, name: string): Promise<void> {
  const before = workers()
  server.plan({ down: true })
  await client.call(`${name}__exit`)
  await until('its worker is gone', () => workers() < before)
  clock.advance(60_000)
}

describe('a server that is down', () => {
  it('is shown as it last was, by name in _meta; when it is back, list_changed and the fresh list', async (t) => {
    const [one, two] = [plannedServer(t, { tools: [tool('old')] }), plannedServer(t, { tools: [tool('other')] })]
    const bench = await startGateway(t, { servers: { one: one.entry, two: two.entry } })
    const alice = await bench.client('alice', '/')
    assert.deepEqual(await page(alice), { names: ['one__old', 'two__other'], next: undefined, servers: undefined, error: undefined })
    await takeDown(alice, one, bench, 'one')
    const reader = alice.listen()
    assert.deepEqual(await page(alice), { names: ['one__old', 'two__other'], next: undefined, servers: { stale: ['one'] }, error: undefined })
    one.plan({ tools: [tool('new')] })
    bench.clock.advance(60_000)
    assert.equal(await alice.call('one__new'), 'called new')
    await until('list_changed', () => reader.texts().some((text) => text.includes('tools/list_changed')))
    assert.deepEqual(await page(alice), { names: ['one__new', 'two__other'], next: undefined, servers: undefined, error: undefined })
  })

  it('without a last good list is left out and named; nobody hears of servers that are not theirs (T25)', async (t) => {
    const [one, two] = [plannedServer(t, { down: true }), plannedServer(t, { tools: [tool('other')] })]
    const names = (...list: string[]): ServerName[] => list.map((name) => brandAs<ServerName>(name))
    const { client } = await startGateway(t, {
      servers: { one: one.entry, two: two.entry },
      tenants: new Map([[brandAs<TenantId>('acme'), { tools: { deny: [] }, limits: {} }], [brandAs<TenantId>('globex'), { servers: names('two'), tools: { deny: [] }, limits: {} }]])
    })
    assert.deepEqual(await page(await client('alice', '/')), { names: ['two__other'], next: undefined, servers: { down: ['one'] }, error: undefined })
    const carol = await client('carol', '/', {}, { tenant: brandAs<TenantId>('globex') })
    assert.deepEqual(await page(carol), { names: ['two__other'], next: undefined, servers: undefined, error: undefined })
  })

  it('shows each user the own last list and never another\'s, in whatever order they come (T22)', async (t) => {
    const one = plannedServer(t, { tools: [] }, { env: { LISTS_WHO: '{user}' } })
    const bench = await startGateway(t, { servers: { one: one.entry } })
    const [alice, bob, eve] = [await bench.client('alice', '/'), await bench.client('bob', '/'), await bench.client('eve', '/')]
    for (const who of ['alice', 'bob', 'alice']) assert.deepEqual((await page(who === 'alice' ? alice : bob)).names.map(bare), [`one__of-${who}`])
    await takeDown(alice, one, bench, 'one')
    await takeDown(bob, one, bench, 'one')
    for (const who of [bob, alice]) {
      const { names, servers } = await page(who)
      assert.deepEqual([names.map(bare), servers], [[who === alice ? 'one__of-alice' : 'one__of-bob'], { stale: ['one'] }])
    }
    assert.deepEqual([(await page(eve)).names, (await page(eve)).servers], [[], { down: ['one'] }])
    const namesake = await bench.client('alice', '/', {}, { tenant: brandAs<TenantId>('globex') })
    assert.deepEqual((await page(namesake)).names, [])
  })

  it('of one worker for all is shown to all, to each only what it may see', async (t) => {
    const one = plannedServer(t, { tools: [tool('open'), tool('secret')] }, { isolation: 'shared' })
    const bench = await startGateway(t, {
      servers: { one: one.entry },
      tenants: new Map([[brandAs<TenantId>('acme'), { tools: { deny: [] }, limits: {} }], [brandAs<TenantId>('globex'), { tools: { deny: ['one__secret'] }, limits: {} }]])
    })
    const alice = await bench.client('alice', '/')
    assert.deepEqual((await page(alice)).names, ['one__open', 'one__secret'])
    await takeDown(alice, one, bench, 'one')
    const carol = await bench.client('carol', '/', {}, { tenant: brandAs<TenantId>('globex') })
    assert.deepEqual(await page(carol), { names: ['one__open'], next: undefined, servers: { stale: ['one'] }, error: undefined })
  })

  it('and said that its list had changed is not shown as it was before that', async (t) => {
    const one = plannedServer(t, { tools: [tool('old')], prompts: [{ name: 'kept' }] })
    const bench = await startGateway(t, { servers: { one: one.entry } })
    const alice = await bench.client('alice', '/')
    await page(alice)
    await page(alice, undefined, 'prompts/list')
    await alice.call('one__change', { what: 'tools' })
    await takeDown(alice, one, bench, 'one')
    assert.deepEqual((await page(alice)).names, [])
    assert.deepEqual((await page(alice, undefined, 'prompts/list')).names, ['one__kept'])
  })

  it('for more than an hour is no longer shown', async (t) => {
    const one = plannedServer(t, { tools: [tool('old')] })
    const bench = await startGateway(t, { servers: { one: one.entry } })
    const alice = await bench.client('alice', '/')
    await page(alice)
    await takeDown(alice, one, bench, 'one')
    bench.clock.advance(3_540_000 - 1)
    assert.deepEqual((await page(alice)).names, ['one__old'])
    bench.clock.advance(2)
    assert.deepEqual([(await page(alice)).names, (await page(alice)).servers], [[], { down: ['one'] }])
  })
})

describe('a server that does not give its list', () => {
  it('in part: what it gave is shown and called partial; the last whole list is better', async (t) => {
    const one = plannedServer(t, { tools: 10, pageSize: 5, nextCursor: 'inner-5' })
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    assert.deepEqual((await page(alice)).servers, undefined, 'a cursor that leads nowhere new ends the list')
    one.plan({ tools: 300, pageSize: 1 })
    const cut = await page(alice)
    assert.deepEqual([cut.names.length, cut.servers], [10, { stale: ['one'] }])
    const bob = await client('bob', '/')
    const bobs = await page(bob)
    assert.deepEqual([bobs.names.length, bobs.servers], [200, { partial: ['one'] }])
  })

  it('because it has none is not down: templates of a server with resources only', async (t) => {
    const one = plannedServer(t, { resources: 2, fails: { 'resources/templates/list': -32601, 'prompts/list': -32603 } })
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    assert.deepEqual(await page(alice, undefined, 'resources/templates/list'), { names: [], next: undefined, servers: undefined, error: undefined })
    assert.deepEqual((await page(alice, undefined, 'prompts/list')).servers, { down: ['one'] })
  })

  it('in time is stood in for after two seconds, without one it is waited for ten; the second who waits does not begin anew', async (t) => {
    const one = plannedServer(t, { tools: [tool('old')] })
    const bench = await startGateway(t, { servers: { one: one.entry } })
    const [alice, bob] = [await bench.client('alice', '/'), await bench.client('bob', '/')]
    await page(alice)
    one.plan({ mute: ['tools/list'] })
    hurry(t, 2_000)
    assert.deepEqual(await page(alice), { names: ['one__old'], next: undefined, servers: { stale: ['one'] }, error: undefined })
    hurry(t, 10_000)
    assert.deepEqual((await page(bob)).servers, { down: ['one'] })
    bench.clock.advance(10_000)
    assert.deepEqual((await page(bob)).servers, { down: ['one'] }, 'at once: its ten seconds are over')
    assert.equal(one.journal('tools/list').length, 3)
  })

  it('and comes late with the same one is not worth a word, with another one it is', async (t) => {
    const one = plannedServer(t, { tools: [tool('a')] })
    const bench = await startGateway(t, { servers: { one: one.entry } })
    const alice = await bench.client('alice', '/')
    const reader = alice.listen()
    await page(alice)
    hurry(t, 2_000)
    const stale = { names: ['one__a'], next: undefined, servers: { stale: ['one'] }, error: undefined }
    one.plan({ hold: ['tools/list'] })
    assert.deepEqual(await page(alice), stale)
    one.plan({ tools: [tool('a')] })
    await until('the fresh list', async () => (await page(alice)).servers === undefined)
    assert.deepEqual(reader.texts(), [])
    one.plan({ hold: ['tools/list'] })
    assert.deepEqual(await page(alice), stale)
    one.plan({ tools: [tool('b')] })
    await until('the word', () => reader.texts().length > 0)
    assert.deepEqual(reader.texts(), ['{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'])
  })

  it('is asked once by all who want the same list, and by each user apart (T24, FR17)', async (t) => {
    const one = plannedServer(t, { hold: ['tools/list'] }, { env: { LISTS_WHO: '{user}' } })
    const bench = await startGateway(t, { servers: { one: one.entry } })
    const clients = await Promise.all(Array.from({ length: 40 }, (_, index) => bench.client(index % 2 === 0 ? 'alice' : 'bob', '/')))
    const listings = clients.map((client) => page(client))
    await until('both workers are asked', () => one.journal('tools/list').length === 2)
    // Who began the reading goes: it is the others' as well.
    await bench.gateway.close(clients[0]?.session as TestClient['session'])
    one.plan({ tools: [] })
    const lists = await Promise.all(listings)
    for (const [index, { names }] of lists.entries()) assert.deepEqual(names.map(bare), [index % 2 === 0 ? 'one__of-alice' : 'one__of-bob'])
    assert.equal(one.journal('tools/list').length, 2)
  })
})

/** A name without the hash that makes a user a path. */
function bare (name: string): string {
  return name.replace(/-[0-9a-f]{40}$/, '')
}
