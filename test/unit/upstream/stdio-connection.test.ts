import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject, Reply } from '../../../src/protocol/index.ts'
import { until } from '../../helpers/until.ts'
import { openPuppet, testCall } from './upstream-parts.ts'
import type { TestCall } from './upstream-parts.ts'

const answered = (what: string, call: TestCall): Promise<Reply> => until(`an answer to ${what}`, () => call.replies[0])
const isCancel = (id: number) => (message: JsonObject): boolean => message['method'] === 'notifications/cancelled' && (message['params'] as JsonObject)['requestId'] === id

describe('ids and tokens of our own (T18, T20)', () => {
  it('answers find their calls in whatever order they come', async (t) => {
    const { begin, write } = await openPuppet(t)
    const calls = Array.from({ length: 20 }, () => testCall())
    const begun = await Promise.all(calls.map((call) => begin(call)))
    assert.equal(new Set(begun.map(({ id }) => id)).size, 20)
    write(...begun.map(({ id }, index) => ({ id, result: { for: index } })).reverse())
    for (const [index, call] of calls.entries()) assert.deepEqual(await answered('a call', call), { result: { for: index } })
  })

  it('begin where nobody can guess', async (t) => {
    const [one, two] = [await openPuppet(t), await openPuppet(t)]
    const ids = await Promise.all([one, two].map(async ({ begin }) => (await begin(testCall())).id))
    assert.notEqual(ids[0], ids[1])
    assert.ok(Math.max(...ids) > 1_000_000)
  })

  it('a client\'s progress token never reaches the server; ours goes back to the call it was made for', async (t) => {
    const { begin, got, write } = await openPuppet(t)
    const { onProgress: _none, ...quiet } = testCall({ params: { _meta: { progressToken: 'clients', keep: 1 } } })
    const mute = await begin(quiet)
    const loud = testCall({ params: { _meta: { progressToken: 'clients', keep: 1 } } })
    const { id } = await begin(loud)
    const meta = async (which: number): Promise<unknown> => ((await got('it', (message) => message['id'] === which))['params'] as JsonObject)['_meta']
    assert.deepEqual([await meta(mute.id), await meta(id)], [{ keep: 1 }, { progressToken: id, keep: 1 }])
    for (const progressToken of [mute.id, id, 'clients', undefined, id + 100]) write({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    write({ id, result: {} })
    await answered('the call', loud)
    assert.deepEqual(loud.progress, [{ progressToken: id, progress: 1 }])
  })

  it('forged, repeated and strange answers reach nobody and are counted (T39)', async (t) => {
    const { begin, write, faults } = await openPuppet(t)
    const call = testCall()
    const { id } = await begin(call)
    write({ id: null, result: 1 }, { id: String(id), result: 2 }, { id: id + 1, result: 3 }, { id: { id }, result: 4 }, { result: 5 }, { id: true, method: 'x' }, { method: 7 }, { id: 'inf', method: 8 })
    write('{"jsonrpc":"2.0","id":1e400,"method":"roots/list"}')
    write({ id, result: 'right' }, { id, result: 'again' })
    assert.deepEqual(await answered('the call', call), { result: 'right' })
    await until('all are counted', () => faults.length === 10)
    assert.deepEqual(faults, ['unknown_id', 'unknown_id', 'unknown_id', 'unknown_id', 'unknown_id', 'malformed_message', 'malformed_message', 'malformed_message', 'malformed_message', 'unknown_id'])
    assert.equal(call.replies.length, 1)
  })

  it('an answer that is none is the server\'s fault; null beside a result is borne', async (t) => {
    const { begin, write, faults } = await openPuppet(t)
    const shapes = [{ result: 1, error: null }, { error: { code: -32602, message: 'no', data: { a: 1 } } }, { error: 'no' }, { error: { code: 1.5, message: 'x' } }, {}, { result: 1, error: { code: -1, message: 'both' } }]
    const calls = shapes.map(() => testCall())
    for (const [index, shape] of shapes.entries()) write({ id: (await begin(calls[index] ?? testCall())).id, ...shape })
    const replies = await Promise.all(calls.map((call) => answered('a call', call)))
    const broken = { code: 50201, message: 'The server broke the MCP protocol.' }
    assert.deepEqual(replies, [{ result: 1 }, { error: shapes[1]?.error }, { error: broken }, { error: broken }, { error: broken }, { error: { code: -1, message: 'both' } }])
    assert.deepEqual(faults, ['malformed_reply', 'malformed_reply', 'malformed_reply'])
  })
})

describe('cancel (FR10)', () => {
  it('tells the server once and the caller once, whether it comes once, twice or after the answer', async (t) => {
    const { begin, write, got, peer, faults, connection } = await openPuppet(t)
    const [twice, done] = [testCall(), testCall()]
    const first = await begin(twice)
    first.handle.cancel('client_cancelled')
    first.handle.cancel('session_closed')
    assert.deepEqual(twice.replies, [{ error: { code: 49901, message: 'The request was cancelled.' } }])
    const second = await begin(done)
    write({ id: second.id, result: 'done' })
    await answered('the call', done)
    second.handle.cancel('client_cancelled')
    write({ id: first.id, result: 'too late' })
    await until('the late answer is counted', () => faults.length === 1)
    assert.deepEqual([faults, twice.replies.length, done.replies, connection.inFlight.size], [['late_reply'], 1, [{ result: 'done' }], 0])
    const cancel = await got('the cancel', isCancel(first.id))
    assert.deepEqual(cancel['params'], { requestId: first.id, reason: 'client_cancelled' })
    assert.equal(peer.saw(isCancel(second.id)), undefined)
    assert.equal(peer.heard.filter(({ params }) => isCancel(first.id)((params?.['message'] ?? {}) as JsonObject)).length, 1)
  })

  it('by draining says that the call may have run', async (t) => {
    const { begin, connection } = await openPuppet(t, { serialise: true })
    const [sent, waiting] = [testCall(), testCall()]
    const { handle } = await begin(sent)
    const queued = connection.call(waiting)
    queued.cancel('draining')
    handle.cancel('draining')
    assert.deepEqual([sent.replies[0]?.error?.code, waiting.replies[0]?.error?.code], [50201, 50301])
  })

  it('a given-up call lingers until its late answer', async (t) => {
    const { begin, write, faults, connection } = await openPuppet(t)
    const { handle, id } = await begin(testCall())
    const own = await begin(testCall({ origin: undefined }))
    handle.cancel('client_cancelled')
    own.handle.cancel('client_cancelled')
    assert.deepEqual([...connection.lingering], [handle])
    write({ id, result: 1 })
    await until('it came', () => faults.includes('late_reply'))
    assert.equal(connection.lingering.size, 0)
  })
})

describe('a server that does not answer (FR02)', () => {
  it('costs the caller its deadline; the server hears of it, and lives if it answers a ping', async (t) => {
    const { begin, got, connection } = await openPuppet(t)
    const call = testCall({ timeoutMs: 500 })
    const { id } = await begin(call)
    assert.equal((await answered('the call', call)).error?.code, 50401)
    assert.deepEqual((await got('the cancel', isCancel(id)))['params'], { requestId: id, reason: 'deadline' })
    // Longer than a silent server is given.
    const next = testCall({ timeoutMs: 2600 })
    const { id: nextId } = await begin(next)
    assert.equal((await answered('the next call', next)).error?.code, 50401)
    assert.deepEqual([connection.open, nextId > id], [true, true])
  })

  it('is killed if it is silent on the ping too, and everybody is answered', async (t) => {
    const { begin, connection, worker, peer } = await openPuppet(t)
    const [call, other] = [testCall({ timeoutMs: 300 }), testCall()]
    await begin(other)
    connection.notify('puppet/freeze')
    // Not before: a deadline that passes while the server still hears would find it alive.
    connection.call(call)
    assert.equal((await answered('the call', call)).error?.code, 50401)
    await until('it is taken for hung', () => !connection.open)
    assert.equal((await worker.exited).signal, 'SIGKILL')
    assert.equal((await answered('the other call', other)).error?.code, 50201)
    assert.deepEqual([connection.open, peer.ends], [false, 1])
  })
})

describe('the end of a server (FR01)', () => {
  it('answers every call, sent or waiting, once; later calls are told that nothing ran', async (t) => {
    const { begin, connection, peer } = await openPuppet(t, { serialise: true })
    const [sent, waiting, own, late] = [testCall(), testCall(), testCall({ origin: undefined }), testCall()]
    await begin(sent)
    connection.call(waiting)
    await begin(own)
    connection.notify('puppet/exit', { code: 3 })
    await until('the end', () => peer.ends === 1)
    connection.call(late)
    assert.deepEqual([sent, waiting, own, late].map(({ replies }) => replies.map(({ error }) => error?.code)), [[50201], [50301], [50201], [50301]])
    assert.equal(connection.inFlight.size, 0)
    await connection.close()
    assert.equal(peer.ends, 1)
  })

  it('one caller that fails takes no answer from the others', async (t) => {
    const { begin, connection, thrown } = await openPuppet(t)
    const calls = [testCall(), testCall({ onReply () { throw new Error('a bug of ours') } }), testCall()]
    for (const call of calls) await begin(call)
    await connection.close()
    assert.deepEqual(calls.map(({ replies }) => replies.length), [1, 0, 1])
    assert.deepEqual(thrown.map(String), ['Error: a bug of ours'])
  })
})

describe('interactive: true (rulings 4)', () => {
  it('gives the server one client call at a time, in order, and does not hold up the gateway\'s own requests', async (t) => {
    const { begin, connection, write, got, faults } = await openPuppet(t, { serialise: true })
    const first = testCall()
    const { id } = await begin(first)
    const calls = ['second', 'cancelled', 'third'].map((name) => testCall({ params: { name } }))
    const handles = calls.map((call) => connection.call(call))
    const own = await begin(testCall({ method: 'tools/list', origin: undefined }))
    assert.ok(own.id > 0)
    assert.deepEqual(handles.map(({ sent }) => sent), [false, false, false])
    handles[1]?.cancel('client_cancelled')
    // What was not asked yet cannot be answered or make progress.
    const unsent = (handles[0] as unknown as { id: number }).id
    write({ id: unsent, result: 'forged' }, { method: 'notifications/progress', params: { progressToken: unsent, progress: 1 } }, { id, result: 1 })
    const named = (name: string) => (message: JsonObject): boolean => (message['params'] as JsonObject | undefined)?.['name'] === name
    const second = await got('the second', named('second'))
    assert.deepEqual(handles.map(({ sent }) => sent), [true, false, false])
    write({ id: second['id'], error: { code: -1, message: 'no' } })
    await got('the third', named('third'))
    assert.deepEqual([calls.map(({ replies }) => replies.length), calls.map(({ progress }) => progress), faults], [[1, 1, 0], [[], [], []], ['unknown_id']])
  })

  it('a call whose deadline passes while it waits has not run, and its turn goes to the next', async (t) => {
    const { begin, connection, write, got } = await openPuppet(t, { serialise: true })
    const { id } = await begin(testCall())
    const impatient = testCall({ timeoutMs: 20, params: { name: 'impatient' } })
    const patient = testCall({ params: { name: 'patient' } })
    connection.call(impatient)
    connection.call(patient)
    assert.equal((await answered('the impatient', impatient)).error?.code, 50301)
    write({ id, result: 1 })
    await got('the patient', (message) => (message['params'] as JsonObject | undefined)?.['name'] === 'patient')
  })
})

describe('what the server asks', () => {
  it('is answered under its own id, once; pings by ourselves', async (t) => {
    const { peer, write, got } = await openPuppet(t)
    peer.answer = (method, params) => Promise.resolve({ result: { method, params } })
    write({ id: 'a', method: 'roots/list' }, { id: 1.5, method: 'x', params: { p: 1 } }, { id: 'p', method: 'ping' })
    assert.deepEqual((await got('the answer', ({ id }) => id === 'a'))['result'], { method: 'roots/list' })
    assert.deepEqual((await got('the answer', ({ id }) => id === 1.5))['result'], { method: 'x', params: { p: 1 } })
    assert.deepEqual((await got('the answer', ({ id }) => id === 'p'))['result'], {})
  })

  it('and withdraws is not answered', async (t) => {
    const { peer, write, got } = await openPuppet(t)
    let aborted = false
    peer.answer = (method, _params, signal) => method === 'x'
      ? Promise.resolve({ result: 'next' })
      : new Promise((resolve) => signal.addEventListener('abort', () => { aborted = true; resolve({ result: 'too late' }) }))
    write({ id: 1, method: 'sampling/createMessage' }, { method: 'notifications/cancelled', params: { requestId: 1 } }, { id: 2, method: 'x' })
    await got('the answer to the next', ({ id }) => id === 2)
    assert.ok(aborted)
    assert.equal(peer.saw(({ id }) => id === 1), undefined)
  })

  it('an answer that fails is an error to the server and a bug to us; a server that asks without end is refused', async (t) => {
    const { peer, write, got, thrown } = await openPuppet(t)
    peer.answer = () => Promise.reject(new Error('a bug of ours'))
    write({ id: 'bug', method: 'x' })
    assert.equal(((await got('an error', ({ id }) => id === 'bug'))['error'] as JsonObject)['code'], -32603)
    assert.deepEqual(thrown.map(String), ['Error: a bug of ours'])
    let asked = 0
    peer.answer = () => {
      asked++
      return new Promise(() => {})
    }
    write(...Array.from({ length: 101 }, (_, id) => ({ id, method: 'x' })))
    assert.equal(((await got('a refusal', ({ id }) => id === 100))['error'] as JsonObject)['code'], -32601)
    assert.equal(asked, 100)
  })

  it('is over with the server', async (t) => {
    const { peer, write, connection } = await openPuppet(t)
    let aborted = false
    peer.answer = (_method, _params, signal) => new Promise(() => { signal.addEventListener('abort', () => { aborted = true }) })
    write({ id: 1, method: 'x' }, { method: 'marker' })
    await until('it was asked', () => peer.heard.some(({ method }) => method === 'marker'))
    await connection.close()
    assert.ok(aborted)
  })
})

it('refuses more calls at once than it has ids for', async (t) => {
  const { connection } = await openPuppet(t, { serialise: true })
  const calls = Array.from({ length: 10_000 }, () => connection.call(testCall()))
  const more = testCall()
  connection.call(more)
  assert.deepEqual(more.replies.map(({ error }) => error?.code), [50301])
  for (const call of calls.slice(1)) call.cancel('client_cancelled')
  assert.equal(connection.inFlight.size, 1)
})

it('a listener that throws ends nobody\'s connection', async (t) => {
  const { peer, write, begin, faults, thrown } = await openPuppet(t)
  const hear = peer.onNotification
  peer.onNotification = (method, params) => {
    if (method === 'range') throw new RangeError('nested too deep')
    if (method === 'bug') throw new Error('a bug of ours')
    hear(method, params)
  }
  write({ method: 'range' }, { method: 'bug' })
  const call = testCall()
  write({ id: (await begin(call)).id, result: 1 })
  await answered('the call', call)
  assert.deepEqual([faults, thrown.map(String)], [['malformed_message', 'malformed_message'], ['Error: a bug of ours']])
})
