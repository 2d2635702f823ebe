import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { GatewayOptions } from '../../../src/gateway/index.ts'
import { until } from '../../helpers/until.ts'
import { runs } from '../upstream/upstream-parts.ts'
import { startGateway } from './gateway-parts.ts'

const echo = runs('echo.mjs')
const scopes = (...own: string[]): { scopes: readonly string[] } => ({ scopes: own })

describe('a tool call', () => {
  it('runs, is answered under its id and told of once', async (t) => {
    const { client, audit, calls, gateway } = await startGateway(t, { servers: { echo } })
    const alice = await client()
    const answer = await alice.get('tools/call', { name: 'echo', arguments: { text: 'hi' } }, 'id "1"')
    assert.deepEqual([answer.how, answer.id, answer.result?.['content']], ['finish', 'id "1"', [{ type: 'text', text: 'hi' }]])
    assert.deepEqual([await alice.call('fail'), await alice.call('no-such-tool')], ['failed on purpose', -32602])
    assert.deepEqual(calls, ['echo tools/call ok', 'echo tools/call tool_error', 'echo tools/call error'])
    assert.deepEqual(audit.map(({ event, name, outcome, code }) => [event, name, outcome, code]), [['call', 'echo', 'ok', undefined], ['call', 'fail', 'tool_error', undefined], ['call', 'no-such-tool', 'error', '-32602']])
    assert.equal(gateway.callsInFlight, 0)
  })

  it('with malformed params is refused before anything is charged or started', async (t) => {
    const { client, audit } = await startGateway(t, { servers: { echo }, limits: { callsPerMinute: 1 } })
    const alice = await client()
    const bad: Array<[string, Record<string, unknown> | undefined]> = [
      ['tools/call', undefined], ['tools/call', {}], ['tools/call', { name: '' }], ['tools/call', { name: 7 }], ['tools/call', { name: 'echo', arguments: [] }], ['tools/call', { name: 'echo', arguments: 'x' }],
      ['prompts/get', { name: 'greet', arguments: 1 }], ['resources/read', { uri: {} }], ['completion/complete', { ref: { type: 'other', name: 'x' } }], ['completion/complete', { ref: null }]
    ]
    for (const [method, params] of bad) assert.equal((await alice.get(method, params)).error?.code, -32602, JSON.stringify([method, params]))
    assert.deepEqual(audit, [])
    assert.equal(await alice.call('echo', { text: 'still one' }), 'still one')
  })

  it('a hidden tool is answered as an unknown one, a scope that lacks is an HTTP refusal (T25, T54)', async (t) => {
    const { client, audit } = await startGateway(t, { servers: { echo: { ...echo, tools: { deny: ['env'], timeoutMs: {}, callsPerMinute: {} } } } })
    const alice = await client()
    assert.deepEqual((await alice.get('tools/call', { name: 'env' })).error, { code: -32602, message: 'Unknown tool.' })
    const reader = await client('bob', 'echo', {}, scopes('tools:read'))
    const refused = await reader.get('tools/call', { name: 'echo' })
    assert.deepEqual([refused.how, refused.refused?.code, refused.refused?.details.scopes], ['refuse', 'GW_AUTH_SCOPE', ['tools:call']])
    assert.deepEqual(audit.map(({ outcome, code }) => [outcome, code]), [['refused', 'GW_ROUTE_TOOL'], ['refused', 'GW_AUTH_SCOPE']])
  })

  it('named like something of JavaScript\'s has the deadline of any other', async (t) => {
    const { client } = await startGateway(t, { servers: { probe: { args: [fileURLToPath(new URL('../../helpers/probe-server.mjs', import.meta.url))] } } })
    const alice = await client()
    for (const name of ['constructor', '__proto__', 'hasOwnProperty']) assert.equal(await alice.call(name), -32602)
  })

  it('does not become a task, which could not be asked for afterwards', async (t) => {
    const { client } = await startGateway(t, { servers: { puppet: runs('puppet.mjs') } })
    const alice = await client()
    const request = alice.ask('tools/call', { name: 'x', task: { ttl: 1 }, _meta: { keep: 1 } })
    const { connection } = await until('it runs', () => connections(alice.session))
    assert.deepEqual(connection, { name: 'x', _meta: { keep: 1 } })
    alice.session.close()
    await request.answer()
  })
})

/** What the server was sent of the session's call. */
function connections (session: { calls: Iterable<unknown> }): { connection: unknown } | undefined {
  const [call] = session.calls as Iterable<{ params: unknown }>
  return call && { connection: call.params }
}

describe('cancel and the end of a session', () => {
  it('a cancelled call has no answer, at the server either', async (t) => {
    const { client, calls } = await startGateway(t, { servers: { echo } })
    const alice = await client()
    const sleeping = alice.ask('tools/call', { name: 'sleep', arguments: { ms: 60_000 } }, 's')
    await until('it runs', () => alice.session.calls.size === 1)
    alice.tell('notifications/cancelled', { requestId: 's' })
    assert.deepEqual(sleeping.answers, [{ how: 'drop' }])
    assert.match(String(await alice.call('cancelled')), /^\[\d+\]$/)
    assert.equal(calls[0], 'echo tools/call cancelled')
  })

  it('a call that waits for a slot can be cancelled, never runs, and gives nothing away', async (t) => {
    const { client, gateway, calls } = await startGateway(t, { servers: { echo }, limits: { concurrentCalls: 1 } })
    const alice = await client()
    const sleeping = alice.ask('tools/call', { name: 'sleep', arguments: { ms: 60_000 } }, 's')
    const waiting = alice.ask('tools/call', { name: 'counter', arguments: { inc: true } }, 'w')
    assert.deepEqual([alice.session.calls.size, gateway.callsInFlight], [2, 2])
    alice.tell('notifications/cancelled', { requestId: 'w' })
    assert.deepEqual(waiting.answers, [{ how: 'drop' }])
    alice.tell('notifications/cancelled', { requestId: 's' })
    assert.deepEqual(sleeping.answers, [{ how: 'drop' }])
    // The slot is free again, and the counter was never touched.
    assert.equal(await alice.call('counter'), '0')
    assert.deepEqual([waiting.answers.length, gateway.callsInFlight, calls.length], [1, 0, 3])
  })

  it('a session that ends takes its waiting calls along, and starts no worker for them', async (t) => {
    const { client, gateway, workers } = await startGateway(t, { servers: { echo: { ...echo, isolation: 'session' } }, limits: { concurrentCalls: 1 } })
    const [one, other] = [await client(), await client()]
    const sleeping = one.ask('tools/call', { name: 'sleep', arguments: { ms: 60_000 } })
    const waiting = other.ask('tools/call', { name: 'echo', arguments: { text: 'x' } })
    await gateway.close(other.session)
    assert.deepEqual(waiting.answers.map(({ error }) => error?.code), [49901])
    await gateway.close(one.session)
    assert.deepEqual(sleeping.answers.map(({ error }) => error?.code), [49901])
    await until('no worker is left', () => workers() === 0)
    assert.equal(gateway.callsInFlight, 0)
  })

  it('a call that waits for a server to start waits no longer than for its answer, and can be cancelled (FR03)', async (t) => {
    const { client, gateway } = await startGateway(t, { servers: { echo, mute: { ...runs('never-initializes.mjs'), timeoutMs: 150 } } })
    const alice = await client('alice', '/')
    const late = await alice.get('tools/call', { name: 'mute__x' })
    assert.equal(late.error?.code, 50301)
    const cancelled = alice.ask('tools/call', { name: 'mute__x' }, 'c')
    alice.tell('notifications/cancelled', { requestId: 'c' })
    assert.deepEqual([cancelled.answers, gateway.callsInFlight], [[{ how: 'drop' }], 0])
  })
})

describe('isolation call', () => {
  it('gives every call a worker of its own, which goes with it', async (t) => {
    const { client, workers } = await startGateway(t, { servers: { echo: { ...echo, isolation: 'call' } } })
    const alice = await client()
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => alice.call('counter', { inc: true }))), ['1', '1', '1'])
    await until('only the session\'s own is left', () => workers() === 1)
  })
})

describe('exactly one answer, whatever throws', () => {
  const bug = (): never => { throw new Error('a bug of ours') }
  const faults: Record<string, (options: GatewayOptions) => GatewayOptions> = {
    'the policy': (options) => ({ ...options, policy: { ...options.policy, decision: bug } }),
    'the limiter': (options) => ({ ...options, limiter: { ...options.limiter, call: bug } }),
    'the limiter, later': (options) => ({ ...options, limiter: { ...options.limiter, call: () => Promise.reject(new Error('a bug of ours')) } }),
    'the metrics': (options) => ({ ...options, events: { ...options.events, call: bug } }),
    'the audit': (options) => ({ ...options, audit: { record: bug } }),
    'the metrics of refusals': (options) => ({ ...options, policy: { ...options.policy, decision: () => ({ visible: false, refusal: { code: 'GW_ROUTE_TOOL' }, conditions: undefined }) }, events: { ...options.events, policyRefused: bug } })
  }
  for (const [what, change] of Object.entries(faults)) {
    it(what, async (t) => {
      const { client, gateway, thrown, workers, caller } = await startGateway(t, { servers: { echo: { ...echo, isolation: 'call' } }, change })
      const alice = await client()
      const request = alice.ask('tools/call', { name: 'echo', arguments: { text: 'x' } })
      const answer = await request.answer()
      const isAnsweredBefore = what === 'the metrics' || what === 'the audit'
      assert.deepEqual([answer.how, answer.error?.code], ['finish', isAnsweredBefore ? undefined : -32603])
      const plain = await gateway.callTool(caller(), alice.session.route, { toolName: 'echo', arguments: { text: 'x' } }, new AbortController().signal)
      assert.equal(plain.ok, isAnsweredBefore)
      await until('it is told of', () => thrown.length === 2)
      assert.deepEqual([request.answers.length, gateway.callsInFlight, alice.session.calls.size], [1, 0, 0])
      await until('its worker is gone', () => workers() === 1)
    })
  }

  it('an unlucky request is one answer too', async (t) => {
    const { client, thrown } = await startGateway(t, { servers: { echo }, change: (options) => ({ ...options, policy: { ...options.policy, missingListScope: bug } }) })
    const alice = await client()
    assert.equal((await alice.get('tools/list')).error?.code, -32603)
    assert.deepEqual((await alice.get('ping')).result, {})
    assert.equal(thrown.length, 1)
  })
})

describe('a server that ends (FR01)', () => {
  it('costs the calls in flight, and the next call has a fresh one and a word about it', async (t) => {
    const { client } = await startGateway(t, { servers: { crash: runs('crash-on-call.mjs') } })
    const alice = await client()
    for (const request of [alice.ask('tools/call', { name: 'crash' }), alice.ask('tools/call', { name: 'crash' })]) assert.equal((await request.answer()).error?.code, 50201)
    const next = alice.ask('tools/call', { name: 'crash' })
    assert.equal((await next.answer()).error?.code, 50201)
    assert.match(JSON.stringify(next.emitted), /was started again/)
    assert.equal(next.answers.length, 1)
  })
})
