import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { routeTo, startGateway } from './gateway-parts.ts'
import { appOnlyTool, page, plannedServer, tool } from './lists-parts.ts'

const noAbort = new AbortController().signal
const deny = { tools: { deny: ['hidden'], timeoutMs: {}, callsPerMinute: {} } }

describe('tools that are for their server\'s own app alone (MCP Apps, D8)', () => {
  it('are listed and callable at their own server\'s endpoint', async (t) => {
    const one = plannedServer(t, { tools: [tool('open'), appOnlyTool('panel')] })
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', 'one')
    assert.deepEqual((await page(alice)).names, ['open', 'panel'])
    assert.equal(await alice.call('panel'), 'called panel')
  })

  it('are on the aggregate neither listed nor there: the answer is the one to a hidden tool, and the server hears nothing (T25)', async (t) => {
    const one = plannedServer(t, { tools: [tool('open'), tool('hidden'), appOnlyTool('panel')] }, deny)
    const { client, calls } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    assert.deepEqual((await page(alice)).names, ['one__open'])
    const [panel, hidden, unknown] = await Promise.all(['one__panel', 'one__hidden', 'nowhere__x'].map((name) => alice.get('tools/call', { name }, 'same')))
    assert.deepEqual(panel, { how: 'finish', id: 'same', error: { code: -32602, message: 'Unknown tool.' } })
    assert.deepEqual([hidden, unknown], [panel, panel])
    assert.equal(await alice.call('one__open'), 'called open')
    assert.deepEqual([one.journal('tools/call'), calls], [['- tools/call open'], ['one tools/call ok']])
  })

  it('are not there before any list was asked for either: the first call reads it, once for each user', async (t) => {
    const one = plannedServer(t, { tools: [tool('open'), tool('hidden'), appOnlyTool('panel')] }, deny)
    const { client, gateway, caller } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    const [panel, hidden] = [await alice.get('tools/call', { name: 'one__panel' }, 1), await alice.get('tools/call', { name: 'one__hidden' }, 1)]
    assert.deepEqual(panel, hidden)
    for (let count = 0; count < 3; count++) assert.equal(await alice.call('one__open'), 'called open')
    assert.equal(one.journal('tools/list').length, 1)
    const plain = (toolName: string): ReturnType<typeof gateway.callTool> => gateway.callTool(caller('bob'), routeTo('/'), { toolName, arguments: {} }, noAbort)
    assert.deepEqual(await plain('one__panel'), await plain('one__hidden').then((outcome) => outcome))
    assert.equal((await plain('one__open')).ok, true)
    assert.deepEqual([one.journal('tools/list').length, one.journal('tools/call').length], [2, 4])
    assert.equal(gateway.callsInFlight, 0)
  })

  it('calls that wait for that list give their slots back, and can be cancelled', async (t) => {
    const one = plannedServer(t, { hold: ['tools/list'], tools: [appOnlyTool('panel')] })
    const { client, gateway } = await startGateway(t, { servers: { one: one.entry }, limits: { concurrentCalls: 2 } })
    const alice = await client('alice', '/')
    const [cancelled, waiting] = [alice.ask('tools/call', { name: 'one__panel' }, 'c'), alice.ask('tools/call', { name: 'one__panel' }, 'w')]
    alice.tell('notifications/cancelled', { requestId: 'c' })
    assert.deepEqual(await cancelled.answer(), { how: 'drop' })
    one.plan({ tools: [appOnlyTool('panel')] })
    assert.equal((await waiting.answer()).error?.code, -32602)
    assert.equal(gateway.callsInFlight, 0)
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => alice.call('one__other'))), Array(3).fill('called other'))
    assert.deepEqual(one.journal('tools/call').length, 3)
  })

  it('of one user\'s worker say nothing about another\'s', async (t) => {
    const one = plannedServer(t, { tools: [appOnlyTool('panel')] })
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    assert.equal(await alice.call('one__panel'), -32602)
    one.plan({ tools: [tool('panel')] })
    assert.equal(await (await client('bob', '/')).call('one__panel'), 'called panel')
    assert.equal(await alice.call('one__panel'), -32602)
    await page(alice)
    assert.equal(await alice.call('one__panel'), 'called panel')
  })

  it('a tool that becomes one is not there from the moment the server says that its list has changed', async (t) => {
    const one = plannedServer(t, { tools: [tool('panel')] })
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    assert.equal(await alice.call('one__panel'), 'called panel')
    one.plan({ tools: [appOnlyTool('panel')] })
    await alice.call('one__change', { what: 'tools' })
    assert.equal(await alice.call('one__panel'), -32602)
  })

  it('a server that refuses its list is not asked before every call, and its tools run', async (t) => {
    const one = plannedServer(t, { fails: { 'tools/list': -32603 } })
    const { client, clock } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    for (let count = 0; count < 3; count++) assert.equal(await alice.call('one__panel'), 'called panel')
    assert.equal(one.journal('tools/list').length, 1)
    one.plan({ tools: [appOnlyTool('panel')] })
    clock.advance(30_000)
    assert.equal(await alice.call('one__panel'), -32602)
    assert.equal(one.journal('tools/list').length, 2)
  })

  it('of a server that was down when lists were asked for are not there as soon as it is up', async (t) => {
    const one = plannedServer(t, { down: true })
    const { client, clock } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client('alice', '/')
    assert.deepEqual((await page(alice)).servers, { down: ['one'] })
    one.plan({ tools: [appOnlyTool('panel')] })
    clock.advance(20_000)
    assert.equal(await alice.call('one__panel'), -32602)
    assert.deepEqual(one.journal('tools/call'), [])
  })

  it('under names that had to be shortened, too', async (t) => {
    const long = 'panel_of_an_app_with_a_name_that_is_far_too_long_for_what_model_interfaces_take'
    const one = plannedServer(t, { tools: [appOnlyTool(long)] })
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const { aggregateName } = await import('../../../src/routing/index.ts')
    assert.equal(await (await client('alice', '/')).call(aggregateName('one', long)), -32602)
    assert.deepEqual(one.journal('tools/call'), [])
  })
})
