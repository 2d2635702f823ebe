import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { ABLE, accept, answersAsk, askedIn, FORM, isCancel, run, saidIn, SAMPLE, scripted } from '../bridge/script-parts.ts'
import { startGateway } from './gateway-parts.ts'
import { parked } from './modern-parts.ts'

const answer = { 'elicitation-1': accept() }

describe('a call that waits for its client ends', () => {
  it('when nobody comes back in time: the question is cancelled, the call too, and its slot is free', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const server = scripted('legacy', { maxTimeoutMs: 2_000_000 })
    const { modern, gateway } = await startGateway(t, { servers: { srv: server.entry }, limits: { concurrentCalls: 1 } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const first = run(alice, { steps: [{ ask: FORM }, { hold: true }] })
    await server.gets('the call', ({ method }) => method === 'tools/call')
    await until('the question', () => {
      t.mock.timers.tick(30)
      return first.answers[0]
    })
    t.mock.timers.tick(599_000)
    assert.deepEqual([gateway.callsInFlight, gateway.parkedCalls], [1, 1])
    t.mock.timers.tick(1000)
    assert.deepEqual([gateway.callsInFlight, gateway.parkedCalls], [0, 0])
    assert.deepEqual((await server.gets('no answer', answersAsk(1)))['result'], { action: 'cancel' })
    await server.gets('the cancellation', isCancel)
    assert.equal((await alice.again(first, answer).answer()).error?.code, -32602)
    assert.deepEqual(saidIn(await run(alice, { steps: [] }).answer()), [])
    assert.equal(server.ran().length, 2)
  })

  it('when its own deadline passes: the retry hears so, once', async (t) => {
    const { alice, first, server } = await parked(t, { steps: [{ ask: FORM }, { hold: true }] }, {}, { timeoutMs: 1500, maxTimeoutMs: 1500 })
    await server.gets('the cancellation', isCancel)
    assert.equal((await alice.again(first, answer).answer()).error?.code, 50401)
    assert.equal((await alice.again(first, answer).answer()).error?.code, -32602)
    assert.equal(server.ran().length, 1)
  })

  it('with the server: the retry hears so, and the call never runs again (FR01)', async (t) => {
    const { alice, first, server, gateway } = await parked(t, { steps: [{ fire: FORM }, { gate: 'die' }, { exit: 3 }] })
    server.open('die')
    await until('the end', () => gateway.callsInFlight === 0)
    assert.equal((await alice.again(first, answer).answer()).error?.code, 50201)
    assert.equal((await alice.again(first, answer).answer()).error?.code, -32602)
    assert.deepEqual([server.ran().length, gateway.callsInFlight], [1, 0])
  })

  it('with its result, which is delivered once', async (t) => {
    const { alice, first, server, gateway } = await parked(t, { steps: [{ fire: FORM }, { gate: 'done' }, { result: { content: [], kept: true } }] })
    server.open('done')
    await until('the result', () => gateway.callsInFlight === 0)
    const { result } = await alice.again(first, answer).answer()
    assert.deepEqual([result?.['kept'], result?.['resultType']], [true, 'complete'])
    assert.equal((await alice.again(first, answer).answer()).error?.code, -32602)
    assert.equal(server.ran().length, 1)
  })

  it('when meanwhile something is asked that it cannot be asked: the retry hears what is needed', async (t) => {
    const server = scripted()
    const { modern, gateway } = await startGateway(t, { servers: { srv: { ...server.entry, capabilities: { fixed: ABLE } } } })
    const alice = modern('alice', 'srv', { capabilities: { elicitation: {} } })
    const first = run(alice, { steps: [{ fire: FORM }, { gate: 'more' }, { ask: SAMPLE }] })
    await askedIn(first)
    server.open('more')
    await until('the end', () => gateway.callsInFlight === 0)
    const { error } = await alice.again(first, answer).answer()
    assert.deepEqual([error?.code, error?.data], [-32021, { requiredCapabilities: { sampling: {} } }])
    await server.gets('the cancellation', isCancel)
  })

  it('not when the server takes its question back: answers to nothing are ignored, and the call goes on', async (t) => {
    const { alice, first, server } = await parked(t, { steps: [{ fire: FORM }, { gate: 'back' }, { withdraw: true }, { gate: 'end' }] })
    server.open('back')
    const retry = alice.again(first, answer)
    server.open('end')
    assert.deepEqual(saidIn(await retry.answer()), [])
  })

  it('when its user has sixteen others, which are newer; and never for another user', async (t) => {
    const server = scripted()
    const { modern, gateway } = await startGateway(t, { servers: { srv: { ...server.entry, isolation: 'call' } } })
    const [alice, bob] = ['alice', 'bob'].map((user) => modern(user, 'srv', { capabilities: ABLE })) as [ReturnType<typeof modern>, ReturnType<typeof modern>]
    const others = run(bob, { steps: [{ ask: FORM }], who: 'bob' })
    await askedIn(others)
    const all = []
    for (let n = 0; n < 17; n++) {
      const request = run(alice, { steps: [{ ask: FORM }], n })
      await askedIn(request)
      all.push(request)
    }
    assert.equal(gateway.callsInFlight, 17)
    const codes = await Promise.all(all.map(async (request) => (await alice.again(request, answer).answer()).error?.code))
    assert.deepEqual(codes, [-32602, ...Array.from({ length: 16 }, () => undefined)])
    assert.deepEqual(saidIn(await bob.again(others, answer).answer()), [{ result: accept() }])
    assert.equal(server.ran().length, 18)
  })

  it('at once when the gateway drains; what is asked from then on reaches nobody', async (t) => {
    const server = scripted()
    const { modern, gateway } = await startGateway(t, { servers: { srv: { ...server.entry, isolation: 'call' } } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const late = run(alice, { steps: [{ gate: 'ask' }, { ask: FORM }] })
    const first = run(alice, { steps: [{ ask: FORM }, { hold: true }] })
    await askedIn(first)
    assert.equal(gateway.callsInFlight, 2)
    const drained = gateway.drain()
    assert.equal(gateway.callsInFlight, 1)
    assert.equal((await alice.again(first, answer).answer()).refused?.code, 'GW_DRAINING')
    server.open('ask')
    assert.deepEqual(saidIn(await late.answer()), [{ result: { action: 'cancel' } }])
    await drained
  })
})

describe('a modern client that goes has cancelled (FR41)', () => {
  it('in the first round and in a later one', async (t) => {
    const { alice, first, server, gateway, modern } = await parked(t, { steps: [{ ask: FORM }, { hold: true }] })
    const retry = alice.again(first, answer)
    await server.gets('the answer', answersAsk(1))
    first.leave()
    assert.equal(gateway.callsInFlight, 1)
    retry.leave()
    const { params } = await server.gets('the cancellation', isCancel)
    assert.deepEqual([(params as { reason: string }).reason, gateway.callsInFlight, retry.answers.map(({ how }) => how)], ['client_disconnected', 0, ['drop']])
    const again = run(modern('alice', 'srv', { capabilities: ABLE }), { steps: [{ hold: true }] })
    await until('the call', () => server.ran().length === 2)
    again.leave()
    again.leave()
    await until('its cancellation', () => server.got(isCancel).length === 2)
  })

  it('before it was asked what the server asks: the server hears both', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const first = run(modern('alice', 'srv', { capabilities: ABLE }), { steps: [{ log: 'info' }, { fire: FORM }, { hold: true }] }, { logLevel: 'info' })
    await until('the log line', () => first.emitted.length > 0)
    first.leave()
    await server.gets('the cancellation', isCancel)
    assert.deepEqual((await server.gets('no answer', answersAsk(1)))['result'], { action: 'cancel' })
    assert.deepEqual(first.answers.map(({ how }) => how), ['drop'])
  })

  it('while its answers are looked at: the modern server never hears of them', async (t) => {
    const server = scripted('modern')
    const { modern, gateway } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const first = run(alice, { key: 'k', replies: [{ resultType: 'input_required', inputRequests: { a: FORM }, requestState: 's' }, { hold: true }] })
    await askedIn(first)
    alice.again(first, { a: accept() }).leave()
    await until('the end', () => gateway.callsInFlight === 0)
    assert.deepEqual(saidIn(await run(alice, { key: 'other', replies: [{ content: [{ type: 'text', text: '1' }] }] }).answer()), 1)
    assert.equal(server.ran().length, 2)
  })
})
