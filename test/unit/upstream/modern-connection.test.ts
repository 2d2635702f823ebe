import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject, Reply } from '../../../src/protocol/index.ts'
import type { UpstreamSubscription } from '../../../src/upstream/index.ts'
import { until } from '../../helpers/until.ts'
import { ask, openings } from './opening-parts.ts'
import { openPuppet, runs, testCall } from './upstream-parts.ts'
import type { Puppet, TestCall } from './upstream-parts.ts'

const META = 'io.modelcontextprotocol/'
const SUBSCRIPTION = `${META}subscriptionId`
const answered = (what: string, call: TestCall): Promise<Reply> => until(`an answer to ${what}`, () => call.replies[0])
const isCancel = (id: unknown) => (message: JsonObject): boolean => message['method'] === 'notifications/cancelled' && (message['params'] as JsonObject)['requestId'] === id
const metaOf = (message: JsonObject): JsonObject => (message['params'] as JsonObject)['_meta'] as JsonObject
const textIn = (reply: Reply): string => (reply.result as { content: Array<{ text: string }> }).content[0]?.text ?? ''

interface Listener extends UpstreamSubscription { readonly heard: unknown[] }

function listener (notifications: JsonObject = { toolsListChanged: true }): Listener {
  const heard: unknown[] = []
  return {
    heard,
    notifications,
    onAcknowledged: (honoured) => { heard.push({ honoured }) },
    onNotification: (method, params) => { heard.push({ method, params }) },
    onEnd: () => { heard.push('end') }
  }
}

/** Listens, and waits until the server has it. */
async function listen (puppet: Puppet, subscription: UpstreamSubscription): Promise<{ readonly id: unknown, readonly params: JsonObject, close (): void }> {
  const before = puppet.peer.heard.length
  const handle = puppet.connection.listen?.(subscription)
  assert.ok(handle)
  const seen = (): JsonObject | undefined => puppet.peer.heard.slice(before).map(({ params }) => (params?.['data'] as JsonObject | undefined)?.['saw'] as JsonObject).find((message) => message?.['method'] === 'subscriptions/listen')
  const message = await until('the server gets the listen', seen)
  return { id: message['id'], params: message['params'] as JsonObject, close: () => handle.close() }
}

const acknowledged = (id: unknown, notifications: unknown = { toolsListChanged: true }): object => ({ method: 'notifications/subscriptions/acknowledged', params: { notifications, _meta: { [SUBSCRIPTION]: id } } })
const changed = (id: unknown, more: JsonObject = {}): object => ({ method: 'notifications/tools/list_changed', params: { _meta: { [SUBSCRIPTION]: id, ...more } } })

describe('what every modern request says', () => {
  it('is ours: version, who we are, what may be asked, which lines, where progress goes; what travels on stays', async (t) => {
    const { begin, got, peer } = await openPuppet(t, { era: 'modern' })
    const clients = { progressToken: 'clients', traceparent: '00-1-1-01', [`${META}protocolVersion`]: '1999-01-01', [`${META}clientInfo`]: { name: 'spy' }, [`${META}clientCapabilities`]: { roots: {} }, [`${META}logLevel`]: 'debug', [SUBSCRIPTION]: 7 }
    const full = await begin(testCall({ params: { name: 'x', arguments: { a: 1 }, _meta: clients }, capabilities: { sampling: {} }, logLevel: 'warning' }))
    const { onProgress: _none, ...mute } = testCall({ params: { _meta: clients } })
    const bare = await begin(mute)
    const ours = { [`${META}protocolVersion`]: '2026-07-28', [`${META}clientInfo`]: { name: 'drawbridge', version: '0' }, traceparent: '00-1-1-01' }
    const sent = async (id: number): Promise<JsonObject> => metaOf(await got('it', (message) => message['id'] === id))
    assert.deepEqual(await sent(full.id), { ...ours, [`${META}clientCapabilities`]: { sampling: {} }, [`${META}logLevel`]: 'warning', progressToken: full.id })
    assert.deepEqual(await sent(bare.id), { ...ours, [`${META}clientCapabilities`]: {} })
    assert.equal(peer.saw(({ method }) => method === 'initialize' || method === 'notifications/initialized'), undefined)
  })

  it('nothing is notified but cancellations', async (t) => {
    const { connection, begin, got, peer } = await openPuppet(t, { era: 'modern' })
    connection.notify('notifications/roots/list_changed')
    connection.notify('notifications/initialized')
    const { handle, id } = await begin(testCall())
    handle.cancel('client_cancelled')
    assert.deepEqual((await got('the cancel', isCancel(id)))['params'], { requestId: id, reason: 'client_cancelled' })
    assert.equal(peer.saw(({ method }) => method === 'notifications/roots/list_changed' || method === 'notifications/initialized'), undefined)
  })

  it('a DiscoverResult is told as an InitializeResult', async (t) => {
    const { connection } = await openPuppet(t, { era: 'modern' })
    assert.deepEqual([connection.era, connection.initializeResult], ['modern', {
      protocolVersion: '2026-07-28',
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
      serverInfo: { name: 'modern-puppet', version: '1.0.0' },
      instructions: 'Be kind to modern-puppet.'
    }])
  })

  it('works with a server: results, progress, lines of the level asked for, errors in its own words', async (t) => {
    const { place, peers, told } = await openings(t)
    const held = place(runs('modern-echo.mjs'), { era: 'modern' })
    const connection = await held.ready()
    assert.equal(textIn(await ask(connection, 'tools/call', { name: 'echo', arguments: { text: 'hi' } })), 'hi')
    const call = testCall({ params: { name: 'progress', arguments: { steps: 3 } } })
    const handle = connection.call(call)
    await answered('progress', call)
    assert.deepEqual(call.progress.map(({ progress, progressToken }) => [progress, typeof progressToken]), [[1, 'number'], [2, 'number'], [3, 'number']])
    assert.equal(handle.sent, true)
    for (const logLevel of ['error', 'info', undefined]) {
      const log = testCall({ params: { name: 'log' }, logLevel })
      connection.call(log)
      await answered('log', log)
    }
    assert.deepEqual(peers.get(held)?.heard, [{ method: 'notifications/message', params: { level: 'info', data: 'hello' } }])
    assert.equal((await ask(connection, 'tools/call', { name: 'nope' })).error?.code, -32602)
    assert.deepEqual(told, ['opened'])
  })
})

describe('what a modern server must not do', () => {
  it('ask: it is refused, and counted; nobody is asked', async (t) => {
    const { write, got, faults, peer } = await openPuppet(t, { era: 'modern' })
    let asked = 0
    peer.answer = () => { asked++; return Promise.resolve({ result: {} }) }
    write({ id: 'q1', method: 'sampling/createMessage', params: {} })
    assert.equal(((await got('the refusal', (message) => message['id'] === 'q1'))['error'] as JsonObject)['code'], -32601)
    assert.deepEqual([asked, faults], [0, ['malformed_message']])
  })

  it('answer what it does not owe, or twice (T39)', async (t) => {
    const { begin, write, faults } = await openPuppet(t, { era: 'modern' })
    const call = testCall()
    const { id } = await begin(call)
    write({ id: id + 1, result: 1 }, { id: String(id), result: 2 }, { id: null, result: 3 }, { method: 'notifications/progress', params: { progressToken: id + 1, progress: 1 } }, { id, result: 'right' }, { id, result: 'again' })
    assert.deepEqual(await answered('the call', call), { result: 'right' })
    await until('all are counted', () => faults.length === 4)
    assert.deepEqual([faults, call.progress, call.replies.length], [['unknown_id', 'unknown_id', 'unknown_id', 'unknown_id'], [], 1])
  })

  it('stay silent: it is asked for a discovery, and lives if it answers (FR02)', async (t) => {
    const { begin, got, connection, peer, faults } = await openPuppet(t, { era: 'modern' })
    const call = testCall({ timeoutMs: 300 })
    const { id } = await begin(call)
    assert.equal((await answered('the call', call)).error?.code, 50401)
    await got('the cancel', isCancel(id))
    const next = testCall({ timeoutMs: 2600 })
    await begin(next)
    assert.equal((await answered('the next call', next)).error?.code, 50401)
    const asked = peer.heard.filter(({ params }) => ((params?.['data'] as JsonObject | undefined)?.['saw'] as JsonObject | undefined)?.['method'] === 'server/discover')
    assert.deepEqual([connection.open, asked.length > 0, peer.saw(({ method }) => method === 'ping'), faults], [true, true, undefined, []])
  })

  it('be deaf as well: it is killed, and everybody is answered', async (t) => {
    const puppet = await openPuppet(t, { era: 'modern' })
    const [call, other, subscription] = [testCall({ timeoutMs: 300 }), testCall(), listener()]
    await puppet.begin(other)
    await listen(puppet, subscription)
    puppet.worker.send('{"jsonrpc":"2.0","method":"puppet/freeze"}')
    // Not before: a deadline that passes while the server still hears would find it alive.
    puppet.connection.call(call)
    assert.equal((await answered('the call', call)).error?.code, 50401)
    assert.equal((await answered('the other call', other)).error?.code, 50201)
    assert.deepEqual([(await puppet.worker.exited).signal, puppet.connection.open, puppet.peer.ends, subscription.heard], ['SIGKILL', false, 1, ['end']])
  })
})

describe('subscriptions/listen (MCP 2026-07-28 subscriptions)', () => {
  it('each hears its own, without the id of our hop, after its acknowledgement', async (t) => {
    const puppet = await openPuppet(t, { era: 'modern' })
    const [tools, one] = [listener(), listener({ resourceSubscriptions: ['test://one'] })]
    const [first, second] = [await listen(puppet, tools), await listen(puppet, one)]
    assert.deepEqual([first.params['notifications'], metaOf({ params: first.params })[`${META}protocolVersion`]], [tools.notifications, '2026-07-28'])
    puppet.write(acknowledged(first.id), acknowledged(second.id, { resourceSubscriptions: [] }))
    puppet.write({ method: 'notifications/resources/updated', params: { uri: 'test://one', _meta: { [SUBSCRIPTION]: second.id, own: 1 } } }, changed(first.id))
    await until('both have heard', () => tools.heard.length + one.heard.length === 4)
    assert.deepEqual(tools.heard, [{ honoured: { toolsListChanged: true } }, { method: 'notifications/tools/list_changed', params: {} }])
    assert.deepEqual(one.heard, [{ honoured: { resourceSubscriptions: [] } }, { method: 'notifications/resources/updated', params: { uri: 'test://one', _meta: { own: 1 } } }])
    assert.deepEqual([puppet.faults, puppet.connection.inFlight.size], [[], 0])
  })

  it('forged and premature ones reach nobody and are counted (T39)', async (t) => {
    const puppet = await openPuppet(t, { era: 'modern' })
    const subscription = listener()
    const { id } = await listen(puppet, subscription)
    const { id: callId } = await puppet.begin(testCall())
    const before = puppet.peer.heard.length
    puppet.write(changed(id), acknowledged(id, 'all'), acknowledged(id), acknowledged(id), changed(String(id)), changed(Number(id) + 1), changed(callId), changed({ id }), changed(null))
    puppet.write({ method: 'notifications/cancelled', params: { requestId: callId } }, { method: 'notifications/cancelled', params: { requestId: String(id) } }, { id: String(id), result: {} }, changed(id))
    await until('the last is heard', () => subscription.heard.length === 2)
    assert.deepEqual(subscription.heard, [{ honoured: { toolsListChanged: true } }, { method: 'notifications/tools/list_changed', params: {} }])
    assert.deepEqual(puppet.faults, ['malformed_message', 'malformed_message', 'malformed_message', 'unknown_id', 'unknown_id', 'unknown_id', 'unknown_id', 'unknown_id', 'unknown_id'])
    assert.deepEqual([puppet.peer.heard.length, puppet.connection.inFlight.size], [before, 1])
  })

  for (const [what, end] of [
    ['its final result', (id: unknown) => ({ id, result: { resultType: 'complete', _meta: { [SUBSCRIPTION]: id } } })],
    ['notifications/cancelled', (id: unknown) => ({ method: 'notifications/cancelled', params: { requestId: id } })],
    ['a refusal', (id: unknown) => ({ id, error: { code: -32603, message: 'Subscription limit reached' } })]
  ] as const) {
    it(`is over with ${what}, once, and nothing is heard after it`, async (t) => {
      const puppet = await openPuppet(t, { era: 'modern' })
      const subscription = listener()
      const { id, close } = await listen(puppet, subscription)
      puppet.write(end(id), end(id), changed(id))
      await until('the rest is counted', () => puppet.faults.length > 0)
      close()
      assert.deepEqual([subscription.heard, puppet.peer.saw(isCancel(id))], [['end'], undefined])
    })
  }

  it('closed by us: the server is told once, nothing is heard any more, and what was under way is no fault', async (t) => {
    const puppet = await openPuppet(t, { era: 'modern' })
    const subscription = listener()
    const { id, close } = await listen(puppet, subscription)
    puppet.write(acknowledged(id))
    await until('it is acknowledged', () => subscription.heard.length === 1)
    close()
    close()
    await puppet.got('the cancel', isCancel(id))
    puppet.write(changed(id), { id, result: { resultType: 'complete' } }, { id: 7, result: 'forged' })
    await until('the forged one is counted', () => puppet.faults.length === 1)
    assert.deepEqual([subscription.heard.length, puppet.faults], [1, ['unknown_id']])
  })

  it('ends with the connection, after the fact at once, and one listener\'s trouble is its own', async (t) => {
    const puppet = await openPuppet(t, { era: 'modern' })
    const [bad, good, late] = [listener(), listener(), listener()]
    await listen(puppet, { ...bad, onEnd: () => { throw new Error('mine') } })
    await listen(puppet, good)
    const { connection } = puppet
    await connection.close()
    assert.deepEqual([good.heard, puppet.peer.ends, puppet.thrown.map(String)], [['end'], 1, ['Error: mine']])
    connection.listen?.(late)
    assert.deepEqual(late.heard, [])
    await until('it is told', () => late.heard.length === 1)
    assert.deepEqual(late.heard, ['end'])
  })

  it('with a real server', async (t) => {
    const { place } = await openings(t)
    const connection = await place(runs('modern-echo.mjs'), { era: 'modern' }).ready()
    const subscription = listener({ resourceSubscriptions: ['test://one'] })
    const handle = connection.listen?.(subscription)
    await until('it is acknowledged', () => subscription.heard.length === 1)
    const touch = (uri: string): Promise<Reply> => ask(connection, 'tools/call', { name: 'touch', arguments: { uri } })
    assert.deepEqual([textIn(await touch('test://two')), textIn(await touch('test://one'))], ['told 0', 'told 1'])
    assert.deepEqual(subscription.heard[1], { method: 'notifications/resources/updated', params: { uri: 'test://one' } })
    handle?.close()
    assert.equal(textIn(await touch('test://one')), 'told 0')
  })
})

it('cancels of calls at random leave nothing behind (FR10)', async (t) => {
  const { place, told } = await openings(t)
  const connection = await place(runs('modern-echo.mjs'), { era: 'modern' }).ready()
  const calls = Array.from({ length: 300 }, (_, index) => {
    const call = testCall({ params: { name: 'sleep', arguments: { ms: index % 20 } } })
    const handle = connection.call(call)
    setTimeout(() => handle.cancel('client_cancelled'), (index * 7) % 20)
    return call
  })
  await until('all are answered', () => calls.every(({ replies }) => replies.length > 0))
  assert.ok(calls.every(({ replies }) => replies.length === 1))
  assert.deepEqual([connection.inFlight.size, connection.open, told.filter((line) => line !== 'fault late_reply')], [0, true, ['opened']])
  assert.equal(textIn(await ask(connection, 'tools/call', { name: 'echo', arguments: { text: 'still here' } })), 'still here')
})
