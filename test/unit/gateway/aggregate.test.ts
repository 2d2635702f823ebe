import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { aggregateName } from '../../../src/routing/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName, TenantId } from '../../../src/shared/ids.ts'
import { until } from '../../helpers/until.ts'
import { runs } from '../upstream/upstream-parts.ts'
import { routeTo, startGateway } from './gateway-parts.ts'
import type { TestClient } from './gateway-parts.ts'
import { hurry } from './lists-parts.ts'

const echo = runs('echo.mjs')
const probe = { args: [new URL('../../helpers/probe-server.mjs', import.meta.url).pathname] }
const noAbort = new AbortController().signal

async function toolNames (client: TestClient): Promise<string[]> {
  const { result } = await client.get('tools/list')
  return (result?.['tools'] as Array<{ name: string }>).map(({ name }) => name)
}

async function uris (client: TestClient): Promise<string[]> {
  const { result } = await client.get('resources/list')
  return (result?.['resources'] as Array<{ uri: string }>).map(({ uri }) => uri)
}

describe('the aggregate', () => {
  it('says hello at once, whatever its servers do', async (t) => {
    const { client, workers } = await startGateway(t, { servers: { broken: runs('exits-at-start.mjs'), mute: runs('never-initializes.mjs') } })
    await client('alice', '/')
    assert.equal(workers(), 0)
  })

  it('lists what is up, hides what is hidden, and uses what it lists', async (t) => {
    const { client } = await startGateway(t, {
      servers: { echo: { ...echo, tools: { allow: ['echo', 'env'], deny: ['env'], timeoutMs: {}, callsPerMinute: {} } }, probe: { ...probe, resources: { deny: ['probe://two'] } }, broken: runs('exits-at-start.mjs') },
      tenants: new Map([[brandAs<TenantId>('acme'), { servers: ['echo', 'probe', 'broken'].map((name) => brandAs<ServerName>(name)), tools: { deny: ['probe__c*'] }, limits: {} }]])
    })
    const alice = await client('alice', '/')
    const names = await toolNames(alice)
    assert.ok(names.includes('echo__echo') && names.includes('probe__whoami'))
    assert.deepEqual(names.filter((name) => name.startsWith('echo') || name.startsWith('probe__c')), ['echo__echo'])
    assert.deepEqual(await uris(alice), ['echo+echo://readme', 'echo+echo://blob', 'probe+probe://one'])
    assert.equal(await alice.call('echo__echo', { text: 'found' }), 'found')
    for (const name of ['echo__env', 'probe__crash', 'echo__no', 'echo_echo', 'other__echo', 'echo', '__echo', 'constructor']) assert.equal(await alice.call(name), -32602, name)
    const read = await alice.get('resources/read', { uri: 'probe+probe://one' })
    assert.deepEqual(read.result?.['contents'], [{ uri: 'probe+probe://one', mimeType: 'text/plain', text: 'first' }])
    for (const uri of ['probe+probe://two', 'probe://one', 'other+x://y']) assert.equal((await alice.get('resources/read', { uri })).error?.code, -32002, uri)
    const prompt = await alice.get('prompts/get', { name: 'echo__greet', arguments: { name: 'Eve' } })
    assert.match(JSON.stringify(prompt.result), /Hello Eve/)
    const completed = await alice.get('completion/complete', { ref: { type: 'ref/prompt', name: 'probe__greet' }, argument: { name: 'who', value: 'al' } })
    assert.deepEqual((completed.result?.['completion'] as { values: string[] }).values, ['alpha', 'alphabet'])
  })

  it('completion needs the scope of what it completes', async (t) => {
    const { client } = await startGateway(t, { servers: { echo } })
    const limited = await client('alice', '/', {}, { scopes: ['prompts:read'] })
    const complete = (ref: object): ReturnType<TestClient['get']> => limited.get('completion/complete', { ref, argument: { name: 'name', value: 'b' } })
    assert.equal((await complete({ type: 'ref/prompt', name: 'echo__greet' })).how, 'finish')
    assert.equal((await complete({ type: 'ref/resource', uri: 'echo+echo://note/{name}' })).refused?.code, 'GW_AUTH_SCOPE')
  })

  it('has one page: every cursor is a stranger\'s', async (t) => {
    const { client } = await startGateway(t, { servers: { echo } })
    const alice = await client('alice', '/')
    const { result } = await alice.get('tools/list')
    assert.equal(result?.['nextCursor'], undefined)
    for (const cursor of ['', 'x', 1]) assert.equal((await alice.get('tools/list', { cursor })).error?.code, -32602)
  })

  it('a GET stream keeps the servers that are used after it was opened', async (t) => {
    const { client, clock, workers } = await startGateway(t, { servers: { echo: { ...echo, pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 1000 } } } })
    const [alice, bob] = [await client('alice', '/'), await client('bob', '/')]
    alice.listen()
    const pidOf = async (who: TestClient): Promise<unknown> => (JSON.parse(String(await who.call('echo__whoami'))) as { pid: number }).pid
    const before = await pidOf(alice)
    assert.notEqual(await pidOf(bob), before)
    clock.advance(1000)
    await until('bob\'s went', () => workers() === 1)
    assert.equal(await pidOf(alice), before)
  })

  it('watches resources under its own names', async (t) => {
    const { client } = await startGateway(t, { servers: { echo } })
    const alice = await client('alice', '/')
    const reader = alice.listen()
    assert.deepEqual((await alice.get('resources/subscribe', { uri: 'echo+echo://readme' })).result, {})
    assert.equal((await alice.get('resources/subscribe', { uri: 'echo://readme' })).error?.code, -32002)
    assert.equal(await alice.call('echo__touch', { uri: 'echo://readme' }), 'touched')
    await until('the update', () => reader.texts().length > 0)
    assert.deepEqual(reader.texts(), ['{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"echo+echo://readme"}}'])
    assert.deepEqual((await alice.get('resources/unsubscribe', { uri: 'echo+echo://readme' })).result, {})
    await until('it is over', async () => await alice.call('echo__touch', { uri: 'echo://readme' }) === 'not subscribed')
  })
})

describe('servers that are not there', () => {
  /** What the aggregate gives a server. Passes in one second here, in which a server that is up answers on a busy machine, too. */
  const LIST_MS = 10_000

  it('a mute one holds a list up for its time and no longer', async (t) => {
    const { client, gateway } = await startGateway(t, { servers: { echo, mute: runs('never-initializes.mjs') } })
    const alice = await client('alice', '/')
    // Up before time flies, so that only the mute one is late.
    assert.equal(await alice.call('echo__echo', { text: 'up' }), 'up')
    hurry(t, LIST_MS)
    assert.ok((await toolNames(alice)).includes('echo__echo'))
    assert.equal(gateway.callsInFlight, 0)
  })

  it('one that comes late is told of by list_changed, and is in the next list', async (t) => {
    const { client } = await startGateway(t, { servers: { echo, slow: runs('slow-start.mjs', '3000') } })
    const alice = await client('alice', '/')
    const reader = alice.listen()
    hurry(t, LIST_MS)
    assert.ok(!(await toolNames(alice)).includes('slow__late'))
    await until('list_changed', () => reader.texts().some((text) => text.includes('notifications/tools/list_changed')))
    assert.ok((await toolNames(alice)).includes('slow__late'))
  })

  it('one that is up and slow to list, too', async (t) => {
    const { client } = await startGateway(t, { servers: { puppet: { ...runs('puppet.mjs'), env: { PUPPET_LIST_DELAY_MS: '3000', PUPPET_CAPABILITIES: '{"tools":{}}' } } } })
    const alice = await client('alice', '/')
    const reader = alice.listen()
    hurry(t, LIST_MS)
    const first = await toolNames(alice)
    await until('list_changed', () => reader.texts().length > 0)
    assert.deepEqual([first, reader.texts()], [[], ['{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}']])
  })

  it('one that is down is told of when a call has brought it up', async (t) => {
    const flag = join(await mkdtemp(join(tmpdir(), 'aggregate-')), 'fixed')
    t.after(() => rm(dirname(flag), { recursive: true }))
    const { client, clock } = await startGateway(t, { servers: { unruly: { args: [new URL('../../helpers/unruly-server.mjs', import.meta.url).pathname], env: { UNRULY_START: 'exit', UNRULY_FIXED: flag } } } })
    const alice = await client('alice', '/')
    const reader = alice.listen()
    assert.deepEqual(await toolNames(alice), [])
    await writeFile(flag, '')
    clock.advance(60_000)
    assert.equal(typeof await alice.call('unruly__pid'), 'string')
    await until('list_changed', () => reader.texts().length > 0)
    assert.deepEqual(reader.texts(), ['{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'])
  })
})

describe('names that had to be shortened (rulings 5)', () => {
  const long = 'a_tool_with_a_name_that_is_far_too_long_for_what_model_interfaces_take'
  const entry = { ...probe, env: { PROBE_EXTRA_TOOL: long } }
  const shortened = aggregateName('probe', long)

  it('work without a list before, for clients and for plain callers', async (t) => {
    const { client, gateway, caller } = await startGateway(t, { servers: { probe: entry } })
    assert.equal(await (await client('alice', '/')).call(shortened), long)
    const other = await startGateway(t, { servers: { probe: entry } })
    assert.deepEqual(await other.gateway.callTool(other.caller(), routeTo('/'), { toolName: shortened, arguments: {} }, noAbort), { ok: true, result: { content: [{ type: 'text', text: long }] } })
    await until('nothing is under way', () => gateway.callsInFlight === 0 && caller() !== undefined)
  })

  for (const isolation of ['user', 'call'] as const) {
    it(`work for modern requests, whose worker is kept until the name is learned: isolation ${isolation}`, async (t) => {
      const { modern, gateway } = await startGateway(t, { servers: { probe: { ...entry, isolation } } })
      const { result } = await modern('alice', '/').get('tools/call', { name: shortened, arguments: {} })
      assert.deepEqual(result?.['content'], [{ type: 'text', text: long }])
      await until('nothing is under way', () => gateway.callsInFlight === 0)
    })
  }

  it('that nothing has are unknown; looking costs a request, once', async (t) => {
    const { client } = await startGateway(t, { servers: { probe: entry }, limits: { requestsPerMinute: 3 } })
    const alice = await client('alice', '/')
    for (let count = 0; count < 4; count++) assert.equal(await alice.call('probe__nothing_like_this_0123abcd'), -32602)
    assert.deepEqual((await alice.get('ping')).result, {})
    assert.equal((await alice.get('ping')).refused?.code, 'GW_LIMIT_RATE')
  })

  it('of servers that one may not use are not looked for', async (t) => {
    const { client, workers } = await startGateway(t, { servers: { probe: entry, echo }, tenants: new Map([[brandAs<TenantId>('acme'), { servers: [brandAs<ServerName>('echo')], tools: { deny: [] }, limits: {} }]]) })
    const alice = await client('alice', '/')
    assert.equal(await alice.call(shortened), -32602)
    assert.equal(workers(), 0)
  })
})
