import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../../helpers/until.ts'
import { runs } from '../upstream/upstream-parts.ts'
import { routeTo, startGateway } from './gateway-parts.ts'

const echo = runs('echo.mjs')
const probe = fileURLToPath(new URL('../../helpers/probe-server.mjs', import.meta.url))

describe('hello', () => {
  it('gives the server\'s words, the client\'s revision, and not what is not bridged', async (t) => {
    const { open } = await startGateway(t, { servers: { puppet: { ...runs('puppet.mjs'), env: { PUPPET_CAPABILITIES: '{"tools":{},"tasks":{"list":{}},"experimental":{"x":{}}}' } } } })
    const { result } = await open().get('initialize', { protocolVersion: '2024-11-05', capabilities: {} })
    assert.deepEqual([result?.['protocolVersion'], result?.['capabilities'], result?.['serverInfo']], ['2024-11-05', { tools: {}, experimental: { x: {} } }, { name: 'puppet', version: '1.0.0' }])
    const newest = await open().get('initialize', { protocolVersion: '2025-11-25', capabilities: {} })
    assert.deepEqual(newest.result?.['capabilities'], { tools: {}, tasks: { list: {} }, experimental: { x: {} } })
  })

  it('comes first, and once', async (t) => {
    const { open } = await startGateway(t, { servers: { echo } })
    const alice = open()
    assert.deepEqual((await alice.get('ping')).result, {})
    for (const method of ['tools/list', 'tools/call', 'logging/setLevel', 'no/such']) assert.equal((await alice.get(method, { name: 'echo' })).error?.code, -32600, method)
    const first = alice.ask('initialize', {})
    const second = await alice.get('initialize', {})
    assert.equal(second.error?.code, -32600)
    assert.equal((await first.answer()).error, undefined)
    assert.equal((await alice.get('no/such')).error?.code, -32601)
  })

  it('keeps the session from expiring while the server starts', async (t) => {
    const { open } = await startGateway(t, { servers: { slow: runs('slow-start.mjs', '200') } })
    const alice = open()
    const hello = alice.ask('initialize', {})
    assert.equal(alice.session.idle, false)
    assert.equal((await hello.answer()).error, undefined)
    assert.equal(alice.session.idle, true)
  })

  it('that fails leaves no session, and nothing that it held', async (t) => {
    const { open, gateway, workers } = await startGateway(t, { servers: { broken: runs('exits-at-start.mjs') } })
    const alice = open()
    assert.equal((await alice.get('initialize', {})).error?.code, 50201)
    assert.deepEqual([alice.session.closed, gateway.sessionCounts], [true, { http: 0, sse: 0 }])
    await until('no worker is left', () => workers() === 0)
  })

  it('that fails on HTTP+SSE may be said again, and the new words count', async (t) => {
    const flag = join(await mkdtemp(join(tmpdir(), 'hello-')), 'fixed')
    t.after(() => rm(dirname(flag), { recursive: true }))
    const script = 'test -f "$0" && exec "$@"; exit 1'
    const server = { command: '/bin/sh', args: ['-c', script, flag, process.execPath, probe], isolation: 'session' } as const
    const { open, clock } = await startGateway(t, { servers: { server } })
    const alice = open('alice', 'server', 'sse')
    alice.listen()
    assert.equal((await alice.get('initialize', { capabilities: { sampling: {} } })).error?.code, 50201)
    assert.deepEqual([alice.session.closed, alice.session.greeted], [false, false])
    await writeFile(flag, '')
    clock.advance(60_000)
    assert.equal((await alice.get('initialize', { capabilities: { elicitation: {} } })).error, undefined)
    assert.deepEqual((JSON.parse(String(await alice.call('whoami'))) as { capabilities: unknown }).capabilities, { elicitation: {} })
  })

  it('is charged once as a request and as an initialize; refused it leaves nothing open (T55)', async (t) => {
    const { gateway, caller, clock } = await startGateway(t, { servers: { echo }, limits: { initializePerMinute: 2, requestsPerMinute: 4 } })
    const open = (user: string): unknown => {
      const opened = gateway.open(caller(user), routeTo('echo'), 'http')
      if (opened instanceof Promise) throw new TypeError('in memory it is decided at once')
      return opened.ok ? 'open' : opened.error.details.reason
    }
    assert.deepEqual([open('alice'), open('alice'), open('alice'), open('alice'), open('alice'), open('bob')], ['open', 'open', 'user_initialize', 'user_initialize', 'user_initialize', 'open'])
    assert.deepEqual(gateway.sessionCounts, { http: 3, sse: 0 })
    clock.advance(60_000)
    assert.equal(open('alice'), 'open')
  })

  it('itself is not charged again, everything else is', async (t) => {
    const { client } = await startGateway(t, { servers: { echo }, limits: { requestsPerMinute: 3 } })
    const alice = await client()
    assert.deepEqual([(await alice.get('ping')).how, (await alice.get('tools/list')).how, (await alice.get('ping')).refused?.code], ['finish', 'finish', 'GW_LIMIT_RATE'])
    // Uses have limits of their own.
    assert.equal(await alice.call('echo', { text: 'x' }), 'x')
  })
})

describe('lists of one server', () => {
  it('are the server\'s, less what is hidden, and need their scope', async (t) => {
    const { client } = await startGateway(t, { servers: { echo: { ...echo, tools: { allow: ['e*'], deny: ['env'], timeoutMs: {}, callsPerMinute: {} }, resources: { deny: ['echo://blob'] } } } })
    const alice = await client()
    const names = async (method: string, member: string, key: string): Promise<unknown> => ((await alice.get(method)).result?.[member] as Array<Record<string, unknown>>).map((item) => item[key])
    assert.deepEqual(await names('tools/list', 'tools', 'name'), ['echo'])
    assert.deepEqual(await names('resources/list', 'resources', 'uri'), ['echo://readme'])
    const limited = await client('bob', 'echo', {}, { scopes: ['tools:call'] })
    for (const [method, scope] of [['tools/list', 'tools:read'], ['resources/list', 'resources:read'], ['resources/templates/list', 'resources:read'], ['prompts/list', 'prompts:read']] as const) {
      const { how, refused } = await limited.get(method)
      assert.deepEqual([how, refused?.code, refused?.details.scopes], ['refuse', 'GW_AUTH_SCOPE', [scope]])
    }
  })
})

describe('subscriptions', () => {
  it('reach the server, bring its updates, and end', async (t) => {
    const { client } = await startGateway(t, { servers: { echo } })
    const alice = await client()
    const reader = alice.listen()
    const touch = (): Promise<unknown> => alice.call('touch', { uri: 'echo://readme' })
    assert.equal(await touch(), 'not subscribed')
    assert.deepEqual((await alice.get('resources/subscribe', { uri: 'echo://readme' })).result, {})
    assert.equal(await touch(), 'touched')
    await until('the update', () => reader.texts().length === 1)
    assert.deepEqual((await alice.get('resources/unsubscribe', { uri: 'echo://readme' })).result, {})
    await until('it is over', async () => await touch() === 'not subscribed')
    assert.equal(reader.texts().length, 1)
  })

  it('hidden is unknown, a missing scope an HTTP refusal, a server\'s no the client\'s', async (t) => {
    const { client } = await startGateway(t, { servers: { echo: { ...echo, resources: { deny: ['echo://blob'] } }, crash: runs('crash-on-call.mjs') } })
    const alice = await client()
    for (const params of [{ uri: 'echo://blob' }, { uri: '' }, { uri: 7 }, {}]) assert.equal((await alice.get('resources/subscribe', params)).error?.code, -32002)
    const limited = await client('bob', 'echo', {}, { scopes: ['tools:call'] })
    assert.equal((await limited.get('resources/subscribe', { uri: 'echo://readme' })).refused?.code, 'GW_AUTH_SCOPE')
    const without = await client('alice', 'crash')
    // Each of them is forgotten again: more than a session may watch.
    for (const half of ['x', 'y']) {
      const refusals = await Promise.all(Array.from({ length: 600 }, (_, index) => without.get('resources/subscribe', { uri: `${half}://${index}` })))
      assert.deepEqual(new Set(refusals.map(({ error }) => error?.code)), new Set([-32601]))
    }
  })
})

describe('log level', () => {
  it('is one of MCP\'s, and reaches servers that start later too', async (t) => {
    const { client } = await startGateway(t, { servers: { probe: { args: [probe] } } })
    const alice = await client('alice', '/')
    for (const level of ['verbose', 7, undefined]) assert.equal((await alice.get('logging/setLevel', { level })).error?.code, -32602)
    assert.deepEqual((await alice.get('logging/setLevel', { level: 'error' })).result, {})
    const request = alice.ask('tools/call', { name: 'probe__log', arguments: { data: 'x', level: 'info' } })
    assert.match(JSON.stringify((await request.answer()).result), /error/)
    assert.deepEqual(request.emitted, [])
    const loud = alice.ask('tools/call', { name: 'probe__log', arguments: { data: 'x', level: 'critical' } })
    await loud.answer()
    assert.deepEqual(loud.emitted, [{ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'critical', logger: 'probe/probe', data: 'x' } }])
  })
})

describe('GET streams', () => {
  it('keep the session\'s workers, until they or the session end', async (t) => {
    const { client, gateway, clock, workers } = await startGateway(t, { servers: { echo: { ...echo, pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 1000 } } } })
    const alice = await client()
    const reader = alice.listen()
    const bob = await client('bob')
    clock.advance(1000)
    await until('bob\'s worker went', () => workers() === 1)
    assert.equal(await alice.call('echo', { text: 'still here' }), 'still here')
    await gateway.close(alice.session)
    assert.ok(reader.ended)
    clock.advance(1000)
    await until('both are gone', () => workers() === 0)
    assert.equal(await bob.call('echo', { text: 'again' }), 'again')
  })

  it('closed by the client they keep nothing', async (t) => {
    const { client, gateway, clock, workers } = await startGateway(t, { servers: { echo: { ...echo, pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 1000 } } } })
    const alice = await client()
    const detach = gateway.attach(alice.session, { write: () => true, end () {} }, undefined)
    detach()
    detach()
    clock.advance(1000)
    await until('the worker is gone', () => workers() === 0)
  })
})

it('a change of roots is told to servers, as often as a client may ask things', async (t) => {
  const { client } = await startGateway(t, { servers: { probe: { args: [probe] } }, limits: { requestsPerMinute: 3 } })
  const alice = await client('alice', 'probe', { capabilities: { roots: {} } })
  for (let count = 0; count < 5; count++) alice.tell('notifications/roots/list_changed')
  const received = JSON.parse(String(await alice.call('received'))) as Array<{ method?: string }>
  assert.equal(received.filter(({ method }) => method === 'notifications/roots/list_changed').length, 2)
  // Cancels are never too many.
  const sleeping = alice.ask('tools/call', { name: 'hang' }, 'h')
  alice.tell('notifications/cancelled', { requestId: 'h' })
  assert.deepEqual(sleeping.answers, [{ how: 'drop' }])
})

it('what belongs to no request of ours is ignored', async (t) => {
  const { client, gateway, caller, thrown } = await startGateway(t, { servers: { echo } })
  const alice = await client()
  for (const [method, params] of [['notifications/cancelled', undefined], ['notifications/progress', {}], ['notifications/x', {}], ['notifications/cancelled', { requestId: {} }]] as const) alice.tell(method, params)
  const nothing = { emit () {}, finish () {}, drop () {}, refuse () {} }
  gateway.receive(alice.session, caller(), { kind: 'response', id: 1, reply: { result: {} } }, nothing)
  assert.equal(await alice.call('echo', { text: 'fine' }), 'fine')
  assert.deepEqual(thrown, [])
})
