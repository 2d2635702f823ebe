import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { testExchange } from '../session/session-parts.ts'
import type { TestReader } from '../session/session-parts.ts'
import { relayBench } from './bridge-parts.ts'

const log = (data: string, level = 'info'): object => ({ method: 'notifications/message', params: { level, data } })
const updated = (uri: string): object => ({ method: 'notifications/resources/updated', params: { uri } })
const methods = (reader: TestReader): unknown[] => reader.texts().map((text) => (JSON.parse(text) as JsonObject)['method'])
const data = (reader: TestReader): unknown[] => reader.texts().map((text) => ((JSON.parse(text) as JsonObject)['params'] as JsonObject | undefined)?.['data'])

describe('log lines (T20)', () => {
  it('during a call go on its stream; else to all sessions of the user; each filtered by its own level', async (t) => {
    const { session, listen, begin, write, settled } = await relayBench(t)
    const [one, other] = [session(), session()]
    const [reader, second] = [listen(one), listen(other)]
    const begun = await begin(one)
    write(log('during'))
    await settled()
    assert.deepEqual([begun.exchange.log.length, reader.texts(), second.texts()], [1, [], []])
    write({ id: begun.id, result: {} }, log('after'), log('quiet', 'debug'))
    other.logLevel = 'info'
    await settled()
    assert.deepEqual([data(reader), data(second)], [['after', 'quiet'], ['after']])
  })

  it('during the call of somebody without a session go nowhere', async (t) => {
    const { session, listen, begin, write, settled } = await relayBench(t)
    const reader = listen(session())
    await begin(undefined)
    write(log('about the plain call'))
    await settled()
    assert.deepEqual(reader.texts(), [])
  })

  it('of a worker that several users have used go nowhere, even when one is alone with a call', async (t) => {
    const { relay, session, listen, begin, write, settled, crash } = await relayBench(t, { isolation: 'shared' })
    const alice = session('alice')
    const bob = session('bob')
    const readers = [listen(alice), listen(bob)]
    const begun = await begin(bob)
    write(log('whose?'))
    await settled()
    alice.close()
    write(log('of the one who has left?'))
    await settled()
    assert.deepEqual([...readers.map((reader) => data(reader)), begun.exchange.log], [[], [], []])
    await crash()
    await relay.connection()
    write(log('of a new worker'))
    await settled()
    assert.ok(data(readers[1] as TestReader).includes('of a new worker'))
    relay.usedBy('a plain caller')
    write(log('again whose?'))
    await settled()
    assert.ok(!data(readers[1] as TestReader).includes('again whose?'))
  })
})

describe('changes', () => {
  it('of lists go to every session, once; what a server invents goes nowhere', async (t) => {
    const { relay, session, listen, write, settled } = await relayBench(t)
    await relay.connection()
    const readers = [listen(session()), listen(session())]
    const changed = ['tools', 'prompts', 'resources'].map((list) => `notifications/${list}/list_changed`)
    write(...changed.map((method) => ({ method })), { method: 'notifications/initialized' }, { method: 'notifications/cancelled', params: { requestId: 1 } }, { method: 'x' })
    await settled()
    for (const reader of readers) assert.deepEqual(methods(reader), changed)
  })

  it('of resources go to whoever watches them, or something above them', async (t) => {
    const { relay, session, listen, write, settled } = await relayBench(t)
    await relay.connection()
    const [exact, above, nobody] = [session(), session(), session()]
    const readers = [exact, above, nobody].map(listen)
    relay.subscribe(exact, 'x://a/b')
    relay.subscribe(above, 'x://a')
    relay.subscribe(above, 'x://a/b')
    write(updated('x://a/b'), updated('x://a/bc'), updated('x://ab'), updated('x://a'), { method: 'notifications/resources/updated', params: {} })
    await settled()
    const uris = readers.map((reader) => reader.texts().map((text) => ((JSON.parse(text) as JsonObject)['params'] as JsonObject)['uri']))
    assert.deepEqual(uris, [['x://a/b'], ['x://a/b', 'x://a/bc', 'x://a'], []])
  })

  it('go as the face shows them, or not at all', async (t) => {
    const face = { notification: (_session: unknown, _method: string, params: JsonObject | undefined) => params?.['uri'] === 'x://hidden' ? null : { ...params, renamed: true }, question: (_session: unknown, params: JsonObject | undefined) => params }
    const { relay, session, listen, write, settled } = await relayBench(t, {}, face)
    await relay.connection()
    const alice = session()
    const reader = listen(alice)
    for (const uri of ['x://hidden', 'x://seen']) relay.subscribe(alice, uri)
    write(updated('x://hidden'), updated('x://seen'))
    await settled()
    assert.deepEqual(reader.texts().map((text) => (JSON.parse(text) as JsonObject)['params']), [{ uri: 'x://seen', renamed: true }])
  })
})

describe('subscriptions and levels, which a connection has once', () => {
  it('the server is told when the last watcher leaves, not before', async (t) => {
    const { relay, session, saw, got } = await relayBench(t)
    const connection = await relay.connection()
    const [one, other] = [session(), session()]
    for (const watcher of [one, other]) relay.subscribe(watcher, 'x://a')
    relay.unsubscribe(one, 'x://a')
    relay.unsubscribe(one, 'x://never')
    connection.notify('notifications/between')
    await got('what lies between', ({ method }) => method === 'notifications/between')
    assert.deepEqual(saw('resources/unsubscribe'), [])
    other.close()
    assert.deepEqual((await got('the end', ({ method }) => method === 'resources/unsubscribe'))['params'], { uri: 'x://a' })
  })

  it('a session watches so much and no more', async (t) => {
    const { relay, session } = await relayBench(t)
    const alice = session()
    for (let count = 0; count < 1000; count++) assert.ok(relay.subscribe(alice, `x://${count}`))
    assert.equal(relay.subscribe(alice, 'x://more'), false)
    assert.ok(relay.subscribe(alice, 'x://0'))
    relay.unsubscribe(alice, 'x://0')
    assert.ok(relay.subscribe(alice, 'x://more'))
    assert.equal(relay.subscribe(session(), `x://${'a'.repeat(5000)}`), false)
  })

  it('the level is the most talkative that anybody wants, also when it was wanted before the server ran', async (t) => {
    const { relay, session, got, saw } = await relayBench(t)
    const [one, other] = [session(), session()]
    relay.setLevel(one, 'warning')
    const connection = await relay.connection()
    relay.setLevel(other, 'error')
    relay.setLevel(other, 'debug')
    relay.setLevel(one, 'info')
    connection.notify('notifications/last')
    await got('the last one', ({ method }) => method === 'notifications/last')
    assert.deepEqual(saw('logging/setLevel').map(({ params }) => params), [{ level: 'warning' }, { level: 'debug' }])
  })

  it('a server without logging is not told', async (t) => {
    const { relay, session, got, saw } = await relayBench(t, { env: { PUPPET_CAPABILITIES: '{"tools":{}}' } })
    relay.setLevel(session(), 'debug')
    const connection = await relay.connection()
    connection.notify('notifications/last')
    await got('the last one', ({ method }) => method === 'notifications/last')
    assert.deepEqual(saw('logging/setLevel'), [])
  })
})

describe('a worker that starts again (FR01)', () => {
  it('gets level and subscriptions back; who knew the old one hears of it once, who comes later never', async (t) => {
    const { relay, session, listen, crash, got, saw } = await relayBench(t)
    await relay.connection()
    const knew = session()
    relay.setLevel(knew, 'debug')
    await got('the level', ({ method }) => method === 'logging/setLevel')
    relay.subscribe(knew, 'x://a')
    await crash()
    const later = session()
    const readers = [listen(knew), listen(later)]
    const connection = await relay.connection()
    assert.equal(await relay.connection(), connection)
    await got('the subscription', ({ method }) => method === 'resources/subscribe')
    assert.deepEqual(saw('logging/setLevel').map(({ params }) => params), [{ level: 'debug' }, { level: 'debug' }])
    assert.deepEqual(readers.map(methods), [['notifications/tools/list_changed', 'notifications/resources/list_changed'], []])
    for (const one of [knew, knew, later]) relay.giveNotice(one, testExchange())
    assert.deepEqual(readers.map((reader) => methods(reader).filter((method) => method === 'notifications/message').length), [1, 0])
  })

  it('the notice goes on the call when there is no GET stream, and not to who wants to hear of worse only', async (t) => {
    const { relay, session, crash } = await relayBench(t)
    await relay.connection()
    const [told, silent] = [session(), session()]
    silent.logLevel = 'error'
    await crash()
    const exchanges = [testExchange(), testExchange()]
    relay.giveNotice(told, exchanges[0] ?? testExchange())
    relay.giveNotice(silent, exchanges[1] ?? testExchange())
    assert.deepEqual(exchanges.map(({ log: lines }) => lines.length), [1, 0])
    assert.match(exchanges[0]?.log[0] ?? '', /"level":"warning","logger":"drawbridge","data":"Server \\"srv\\" was started again/)
  })

  it('a list that lacked this server is made good when it is up', async (t) => {
    const { relay, session, listen } = await relayBench(t)
    const [owed, not] = [session(), session()]
    const readers = [listen(owed), listen(not)]
    relay.oweLists(owed)
    await relay.connection()
    assert.deepEqual(readers.map(methods), [['notifications/tools/list_changed', 'notifications/resources/list_changed'], []])
  })
})
