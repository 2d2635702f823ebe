import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { until } from '../../helpers/until.ts'
import { ABLE, accept, answersAsk, askedIn, FORM, isCancel, PAGE, ROOTS, run, saidIn, SAMPLE, scripted } from '../bridge/script-parts.ts'
import { startGateway, type TestRequest } from './gateway-parts.ts'

/** Is refused at once: its answer shows that everything before it has been read. */
const REFUSED = { ask: { method: 'no/such' } }
const answer = { 'elicitation-1': accept() }
const heard = (request: TestRequest, method: string): JsonObject[] => request.emitted.flatMap((message) => message['method'] === `notifications/${method}` ? [message['params'] as JsonObject] : [])
const levels = (request: TestRequest): unknown[] => heard(request, 'message').map(({ level }) => level)

describe('what a session-era server says during a call that waits', () => {
  it('progress goes to each round under its own token; of what came between, the newest counts', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const first = run(alice, { steps: [{ progress: 1 }, { fire: FORM }, { gate: 'away' }, { progress: 2 }, { progress: 3 }, REFUSED, { ask: FORM }, { progress: 4 }] }, { progressToken: 'one' })
    await askedIn(first)
    server.open('away')
    await server.gets('the refusal', answersAsk(2))
    const second = alice.again(first, answer, { progressToken: 2 })
    assert.deepEqual(Object.keys(await askedIn(second)), ['elicitation-2'])
    const third = alice.again(second, { 'elicitation-2': accept() })
    await third.answer()
    assert.deepEqual(heard(first, 'progress').map(({ progressToken, progress }) => [progressToken, progress]), [['one', 1]])
    assert.deepEqual(heard(second, 'progress').map(({ progressToken, progress }) => [progressToken, progress]), [[2, 3]])
    assert.deepEqual(third.emitted, [])
    // The server knew a token of ours only.
    const { _meta } = server.ran()[0]?.['params'] as { _meta: JsonObject }
    assert.equal(typeof _meta['progressToken'], 'number')
  })

  it('log lines: from the level of each round on; none without one, none while nobody is there', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const lines = [{ log: 'debug' }, { log: 'warning' }, { log: 'error' }]
    const first = run(alice, { steps: [...lines, { fire: FORM }, { gate: 'away' }, ...lines, REFUSED, { gate: 'back' }, ...lines, { ask: FORM }, ...lines, { ask: FORM }, ...lines] }, { logLevel: 'warning' })
    await askedIn(first)
    server.open('away')
    await server.gets('the refusal', answersAsk(2))
    const second = alice.again(first, answer)
    server.open('back')
    await askedIn(second)
    const third = alice.again(second, { 'elicitation-2': accept() }, { logLevel: 'error' })
    await askedIn(third)
    const fourth = alice.again(third, { 'elicitation-3': accept() }, { logLevel: 'debug' })
    await fourth.answer()
    assert.deepEqual([first, second, third, fourth].map(levels), [['warning', 'error'], [], ['error'], ['debug', 'warning', 'error']])
    // The connection has one level, the most verbose that anybody wants.
    assert.deepEqual(server.ran('logging/setLevel').map(({ params }) => (params as JsonObject)['level']), ['warning', 'debug'])
  })
})

describe('whose question it is, when a user has two modern requests in flight', () => {
  it('nobody\'s: it is refused, never guessed (rulings 4, T20)', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const holding = run(alice, { steps: [{ gate: 'end' }] })
    await until('the first call', () => server.ran().length === 1)
    const asking = run(alice, { steps: [{ asks: [FORM, SAMPLE] }] }, { logLevel: 'debug' })
    const [form, sample] = saidIn(await asking.answer()) as [JsonObject, { error: JsonObject }]
    assert.deepEqual([form, sample.error['code']], [{ result: { action: 'cancel' } }, -32601])
    server.open('end')
    assert.deepEqual(saidIn(await holding.answer()), [])
    assert.deepEqual([holding.emitted, asking.emitted], [[], []])
  })

  it('the one\'s that is there, when the other one was sent away with a question; each goes on with its own answers', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const abandoned = run(alice, { steps: [{ ask: FORM }], n: 1 })
    await askedIn(abandoned)
    const later = run(alice, { steps: [{ ask: FORM }], n: 2 })
    await askedIn(later)
    assert.deepEqual(saidIn(await alice.again(later, { 'elicitation-1': accept({ n: 2 }) }).answer()), [{ result: accept({ n: 2 }) }])
    assert.deepEqual(saidIn(await alice.again(abandoned, { 'elicitation-1': accept({ n: 1 }) }).answer()), [{ result: accept({ n: 1 }) }])
  })

  it('interactive: the second one waits until the first has been answered, rounds and all', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: { ...server.entry, interactive: true } } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const one = run(alice, { steps: [{ ask: FORM }], n: 1 })
    const two = run(alice, { steps: [{ ask: FORM }], n: 2 })
    await askedIn(one)
    assert.equal(server.ran().length, 1)
    assert.deepEqual(saidIn(await alice.again(one, { 'elicitation-1': accept({ n: 1 }) }).answer()), [{ result: accept({ n: 1 }) }])
    await askedIn(two)
    assert.deepEqual(saidIn(await alice.again(two, { 'elicitation-1': accept({ n: 2 }) }).answer()), [{ result: accept({ n: 2 }) }])
  })

  it('isolation call: each has a worker of its own, which lives through the rounds and goes with the answer', async (t) => {
    const server = scripted()
    const { modern, workers } = await startGateway(t, { servers: { srv: { ...server.entry, isolation: 'call' } } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const both = [1, 2].map((n) => run(alice, { steps: [{ ask: FORM }], n }))
    await Promise.all(both.map(askedIn))
    assert.equal(workers(), 2)
    const said = await Promise.all(both.map(async (request, n) => saidIn(await alice.again(request, { 'elicitation-1': accept({ n }) }).answer())))
    assert.deepEqual(said, [[{ result: accept({ n: 0 }) }], [{ result: accept({ n: 1 }) }]])
    await until('no worker is left', () => workers() === 0)
  })

  for (const isolation of ['shared', 'tenant'] as const) {
    it(`a ${isolation} worker asks nobody`, async (t) => {
      const server = scripted()
      const { modern } = await startGateway(t, { servers: { srv: { ...server.entry, isolation } } })
      const said = saidIn(await run(modern('alice', 'srv', { capabilities: ABLE }), { steps: [{ asks: [FORM, ROOTS] }] }).answer()) as JsonObject[]
      assert.deepEqual([said[0], (said[1]?.['error'] as JsonObject)['code']], [{ result: { action: 'cancel' } }, -32601])
      assert.deepEqual((server.ran('initialize')[0]?.['params'] as JsonObject)['capabilities'], {})
    })
  }
})

describe('"open these pages first" (-32042) of a session-era server', () => {
  const required = { error: { code: -32042, message: 'URL elicitation required', data: { elicitations: [PAGE.params] } } }

  it('is asked, and then the request is sent again as it was', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const first = run(alice, { steps: [required] })
    assert.deepEqual(Object.values(await askedIn(first)), [{ method: PAGE.method, params: { mode: 'url', message: 'Sign in', url: 'https://example.com/sign-in' } }])
    const second = alice.again(first, answer)
    await askedIn(second)
    const sent = server.ran().map(({ params }) => ({ ...params as JsonObject, _meta: undefined }))
    assert.deepEqual([sent.length, sent[1]], [2, sent[0]])
    assert.equal((await modern('bob', 'srv', { capabilities: ABLE }).ask('tools/call', { ...first.params, requestState: first.answers[0]?.result?.['requestState'] as string }).answer()).error?.code, -32602)
  })

  it('needs a client that opens pages; a list of nothing is the server\'s mistake', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const { error } = await run(modern('alice', 'srv', { capabilities: { elicitation: {} } }), { steps: [required] }).answer()
    assert.deepEqual([error?.code, error?.data], [-32021, { requiredCapabilities: { elicitation: { url: {} } } }])
    const none = await run(modern('alice', 'srv', { capabilities: ABLE }), { steps: [{ error: { code: -32042, message: 'x' } }] }).answer()
    assert.equal(none.error?.code, 50201)
  })
})

describe('roots that a session-era server asks of a modern client (rulings 1)', () => {
  const whole = { roots: [{ uri: 'file:///' }] }

  it('filtered: never more than the operator\'s directories', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'modern-roots-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: { ...server.entry, roots: 'filtered', sandbox: { level: 'none', network: ['*'], pids: 256, readOnly: [], writable: [dir] } } } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    let request = run(alice, { steps: [{ ask: ROOTS }] })
    const { result } = await request.answer()
    if (result?.['resultType'] === 'input_required') request = alice.again(request, { 'roots-1': whole })
    assert.deepEqual(saidIn(await request.answer()), [{ result: { roots: [{ uri: pathToFileURL(dir).href }] } }])
  })

  it('relay: as they are; off: never; a client without roots is spared, and loses nothing', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: { ...server.entry, roots: 'relay' }, off: { ...server.entry, roots: 'off' } } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const first = run(alice, { steps: [{ ask: ROOTS }] })
    assert.deepEqual(await askedIn(first), { 'roots-1': ROOTS })
    assert.deepEqual(saidIn(await alice.again(first, { 'roots-1': whole }).answer()), [{ result: whole }])
    for (const able of [modern('alice', 'off', { capabilities: ABLE }), modern('alice', 'srv', { capabilities: {} })]) {
      const [said] = saidIn(await run(able, { steps: [{ ask: ROOTS }] }).answer()) as Array<{ error: JsonObject }>
      assert.equal(said?.error['code'], -32601)
    }
    assert.equal(server.got(isCancel).length, 0)
  })
})
