import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { JsonObject } from '../../../src/protocol/index.ts'
import type { Session } from '../../../src/session/index.ts'
import { until } from '../../helpers/until.ts'
import { ABLE, relayBench } from './bridge-parts.ts'
import type { TestRelayedCall } from './bridge-parts.ts'

const elicit = { method: 'elicitation/create', params: { message: 'sure?', requestedSchema: {} } }
const answers = (id: unknown) => (message: JsonObject): boolean => message['id'] === id && message['method'] === undefined

/** The question that a client was put on the stream of its call. */
async function asked (begun: TestRelayedCall): Promise<JsonObject> {
  const line = await until('the question', () => begun.exchange.log.find((entry) => entry.startsWith('emit ') && entry.includes('"id":')))
  return JSON.parse(line.slice('emit '.length)) as JsonObject
}

describe('a server asks during a call', () => {
  it('its client is asked on the stream of the call, and the answer goes back; others see nothing', async (t) => {
    const { session, begin, write, got, settled } = await relayBench(t)
    const alice = session()
    const begun = await begin(alice)
    write({ id: 'q', ...elicit })
    const question = await asked(begun)
    assert.deepEqual([question['method'], question['params']], [elicit.method, elicit.params])
    assert.notEqual(question['id'], 'q')
    alice.answer(question['id'] as number, { result: { action: 'accept' } })
    assert.deepEqual((await got('the answer', answers('q')))['result'], { action: 'accept' })
    // An error of the client is the server's to read.
    write({ id: 'r', method: 'sampling/createMessage', params: { messages: [] } })
    await until('the second question', () => begun.exchange.log.length === 2)
    alice.answer(2, { error: { code: -1, message: 'User rejected' } })
    assert.deepEqual((await got('the answer', answers('r')))['error'], { code: -1, message: 'User rejected' })
    await settled()
    assert.equal(begun.exchange.log.length, 2)
  })

  it('with calls of two sessions in flight nobody is asked, and the server hears so', async (t) => {
    const { session, begin, write, got } = await relayBench(t)
    const begun = [await begin(session()), await begin(session())]
    write({ id: 'q', ...elicit }, { id: 'r', method: 'sampling/createMessage', params: {} })
    assert.deepEqual((await got('the answer', answers('q')))['result'], { action: 'cancel' })
    assert.equal(((await got('the answer', answers('r')))['error'] as JsonObject)['code'], -32601)
    for (const { exchange } of begun) assert.deepEqual(exchange.log, [])
  })

  it('the deadlines of all calls it may be about stand still meanwhile', async (t) => {
    const { session, begin, write, got } = await relayBench(t)
    const alice = session()
    const calls = [await begin(alice), await begin(alice)]
    const counts = calls.map(({ call }) => {
      const counted = { pauses: 0, resumes: 0 }
      t.mock.method(call, 'pause', () => { counted.pauses++ })
      t.mock.method(call, 'resume', () => { counted.resumes++ })
      return counted
    })
    write({ id: 'q', ...elicit })
    await asked(calls[1] as TestRelayedCall)
    assert.deepEqual(counts, [{ pauses: 1, resumes: 0 }, { pauses: 1, resumes: 0 }])
    alice.answer(1, { result: { action: 'decline' } })
    await got('the answer', answers('q'))
    assert.deepEqual(counts, [{ pauses: 1, resumes: 1 }, { pauses: 1, resumes: 1 }])
  })

  it('a client is never asked for what it did not declare, whatever was promised for it', async (t) => {
    const { session, begin, write, got } = await relayBench(t, { capabilities: { fixed: { ...ABLE, sampling: { tools: {} } } } })
    const begun = await begin(session('alice', { sampling: {} }))
    write({ id: 1, ...elicit }, { id: 2, method: 'sampling/createMessage', params: { tools: [] } }, { id: 3, method: 'tasks/list' }, { id: 4, method: 'no/such' })
    assert.deepEqual((await got('the answer', answers(1)))['result'], { action: 'cancel' })
    for (const id of [2, 3, 4]) assert.equal(((await got('the answer', answers(id)))['error'] as JsonObject)['code'], -32601)
    assert.deepEqual(begun.exchange.log, [])
  })

  for (const isolation of ['shared', 'tenant'] as const) {
    it(`a ${isolation} worker asks nobody, not even the only client there is`, async (t) => {
      const { session, begin, write, got } = await relayBench(t, { isolation })
      const begun = await begin(session())
      write({ id: 1, ...elicit }, { id: 2, method: 'sampling/createMessage', params: {} }, { id: 3, method: 'roots/list' })
      assert.deepEqual((await got('the answer', answers(1)))['result'], { action: 'cancel' })
      for (const id of [2, 3]) assert.equal(((await got('the answer', answers(id)))['error'] as JsonObject)['code'], -32601)
      assert.deepEqual(begun.exchange.log, [])
    })
  }

  it('what it withdraws is withdrawn from the client; what the client leaves unanswered is declined', async (t) => {
    const { session, begin, write, got } = await relayBench(t)
    const alice = session()
    const begun = await begin(alice)
    write({ id: 1, ...elicit })
    const question = await asked(begun)
    write({ method: 'notifications/cancelled', params: { requestId: 1 } }, { id: 2, ...elicit })
    await until('it is withdrawn', () => begun.exchange.log.some((line) => line.includes('notifications/cancelled') && line.includes(`"requestId":${String(question['id'])}`)))
    alice.close()
    assert.deepEqual((await got('the answer', answers(2)))['result'], { action: 'cancel' })
  })

  it('the client\'s progress goes back under the server\'s token, and elicitation/complete to whom it was asked', async (t) => {
    const { session, listen, begin, write, got, settled } = await relayBench(t)
    const [alice, second] = [session('alice', { elicitation: { url: {} } }), session()]
    const [reader, other] = [listen(alice), listen(second)]
    const begun = await begin(alice)
    write({ id: 1, method: 'elicitation/create', params: { mode: 'url', url: 'https://x.example', elicitationId: 'e1', _meta: { progressToken: 'servers' } } })
    const question = await asked(begun)
    const { progressToken } = (question['params'] as { _meta: JsonObject })._meta
    assert.equal(progressToken, question['id'])
    alice.askProgress({ progressToken, progress: 1 })
    assert.deepEqual((await got('the progress', ({ method }) => method === 'notifications/progress'))['params'], { progressToken: 'servers', progress: 1 })
    write({ method: 'notifications/elicitation/complete', params: { elicitationId: 'forged' } }, { method: 'notifications/elicitation/complete', params: { elicitationId: 'e1' } }, { method: 'notifications/elicitation/complete', params: { elicitationId: 'e1' } })
    await settled()
    assert.deepEqual(reader.texts(), ['{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e1"}}'])
    assert.deepEqual(other.texts(), [])
  })
})

describe('a server asks outside of calls', () => {
  it('the one session there is gets it on its GET stream, now or when there is one', async (t) => {
    const { relay, session, listen, write, got } = await relayBench(t)
    await relay.connection()
    const alice = session()
    write({ id: 1, ...elicit })
    const reader = listen(alice)
    await until('the question', () => reader.texts().length === 1)
    alice.answer(1, { result: { action: 'accept' } })
    assert.deepEqual((await got('the answer', answers(1)))['result'], { action: 'accept' })
    session()
    write({ id: 2, ...elicit })
    assert.deepEqual((await got('the answer', answers(2)))['result'], { action: 'cancel' })
  })
})

describe('roots (rulings 1)', () => {
  const outside = { result: { roots: [{ uri: 'file:///' }] } }

  /** Asks for roots right after the handshake, as server-filesystem does. */
  async function rootsOf (t: Parameters<typeof relayBench>[0], roots: 'filtered' | 'relay' | 'off', answer: ((session: Session) => void) | undefined): Promise<{ reply: JsonObject, dir: string }> {
    const dir = await mkdtemp(join(tmpdir(), 'relay-roots-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const { relay, session, got, listen } = await relayBench(t, { roots, sandbox: { level: 'none', network: ['*'], pids: 256, readOnly: [], writable: [dir] }, env: { PUPPET_ASKS_AT_START: '{"jsonrpc":"2.0","id":"r","method":"roots/list"}' } })
    const alice = session('alice', answer === undefined ? {} : ABLE)
    const reader = listen(alice)
    await relay.connection()
    if (answer !== undefined && roots !== 'off') {
      await until('the question', () => reader.texts().length === 1)
      answer(alice)
    }
    return { reply: await got('an answer', answers('r')), dir }
  }

  it('filtered: file:/// leaves the server with the operator\'s directories', async (t) => {
    const { reply, dir } = await rootsOf(t, 'filtered', (alice) => alice.answer(1, outside))
    assert.deepEqual(reply['result'], { roots: [{ uri: pathToFileURL(dir).href }] })
  })

  it('filtered: so does a client that fails, and one that has no roots', async (t) => {
    const failed = await rootsOf(t, 'filtered', (alice) => alice.answer(1, { error: { code: -32603, message: 'no' } }))
    assert.deepEqual(failed.reply['result'], { roots: [{ uri: pathToFileURL(failed.dir).href }] })
    const none = await rootsOf(t, 'filtered', undefined)
    assert.deepEqual(none.reply['result'], { roots: [{ uri: pathToFileURL(none.dir).href }] })
  })

  it('relay: the client\'s own, as they are', async (t) => {
    const { reply } = await rootsOf(t, 'relay', (alice) => alice.answer(1, outside))
    assert.deepEqual(reply['result'], outside.result)
  })

  it('off: not there', async (t) => {
    const { reply } = await rootsOf(t, 'off', () => {})
    assert.equal((reply['error'] as JsonObject)['code'], -32601)
  })

  it('a change is told to servers that may ask, and to no others', async (t) => {
    for (const [own, told] of [[{}, 1], [{ roots: 'off' }, 0], [{ isolation: 'shared' }, 0]] as const) {
      const { relay, got, saw } = await relayBench(t, own)
      const connection = await relay.connection()
      relay.rootsChanged()
      connection.notify('notifications/last')
      await got('the last one', ({ method }) => method === 'notifications/last')
      assert.equal(saw('notifications/roots/list_changed').length, told)
    }
  })
})
