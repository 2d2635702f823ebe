import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import type { ModernTestBench } from './modern-parts.ts'
import { ABLE, accept, askedIn, FORM, isCancel, saidIn } from '../bridge/script-parts.ts'
import { parked } from './modern-parts.ts'

const capabilities = ABLE

/** What whoever tries gets, and that the call which waits is none the worse for it. */
async function isRefused (bench: ModernTestBench, attempt: { answer (): Promise<{ how: string, error?: { code: number } | undefined }> }): Promise<void> {
  const { how, error } = await attempt.answer()
  assert.deepEqual([how, error?.code], ['finish', -32602])
  const { alice, first, server } = bench
  assert.deepEqual(saidIn(await alice.again(first, { 'elicitation-1': accept({ mine: true }) }).answer()), [{ result: accept({ mine: true }) }])
  assert.deepEqual([server.ran().length, server.got(isCancel).length], [1, 0])
}

describe('a requestState opens one call, once, for whom it was made (T21)', () => {
  const stolen: Record<string, (bench: ModernTestBench, state: string) => Parameters<typeof isRefused>[1]> = {
    'another user of the tenant': ({ modern }, requestState) => modern('bob', 'srv', { capabilities }).ask('tools/call', { ...call, requestState, ...answers }),
    'the same user by another OAuth client': ({ modern, alice }, requestState) => modern('alice', 'srv', { capabilities }, { clientId: 'other', ownerKey: JSON.stringify(['acme', 'alice', 'other']), userKey: alice.principal.userKey }).ask('tools/call', { ...call, requestState, ...answers }),
    'a user of the same name of another tenant': ({ modern }, requestState) => modern('alice', 'srv', { capabilities }, { tenant: 'umbrella' as never, ownerKey: JSON.stringify(['umbrella', 'alice', 'web']), userKey: JSON.stringify(['umbrella', 'alice']) }).ask('tools/call', { ...call, requestState, ...answers }),
    'the aggregate': ({ modern }, requestState) => modern('alice', '/', { capabilities }).ask('tools/call', { ...call, name: 'srv__run', requestState, ...answers }),
    'another server': ({ modern }, requestState) => modern('alice', 'other', { capabilities }).ask('tools/call', { ...call, requestState, ...answers }),
    'other arguments': ({ alice }, requestState) => alice.ask('tools/call', { ...call, arguments: { ...call.arguments, more: 1 }, requestState, ...answers }),
    'arguments of another shape that look alike in a list': ({ alice }, requestState) => alice.ask('tools/call', { ...call, arguments: { ...call.arguments, shape: [['a', 1]] }, requestState, ...answers }),
    'another tool': ({ alice }, requestState) => alice.ask('tools/call', { ...call, name: 'stop', requestState, ...answers }),
    'another method': ({ alice }, requestState) => alice.ask('prompts/get', { ...call, requestState, ...answers }),
    'a changed byte': ({ alice }, requestState) => alice.ask('tools/call', { ...call, requestState: swapped(requestState), ...answers }),
    'a state cut short': ({ alice }, requestState) => alice.ask('tools/call', { ...call, requestState: requestState.slice(0, -1), ...answers }),
    'a state that is no text': ({ alice }) => alice.ask('tools/call', { ...call, requestState: 1, ...answers }),
    'answers that are no object': ({ alice }, requestState) => alice.ask('tools/call', { ...call, requestState, inputResponses: [] })
  }
  const call = { name: 'run', arguments: { steps: [{ ask: FORM }], shape: { a: 1 } } }
  const answers: JsonObject = { inputResponses: { 'elicitation-1': accept({ mine: false }) } }

  for (const [what, attempt] of Object.entries(stolen)) {
    it(`${what}: -32602, and the call waits on`, async (t) => {
      const bench = await parked(t, call.arguments)
      await isRefused(bench, attempt(bench, bench.state))
    })
  }

  it('members in another order are the same request', async (t) => {
    const { alice, state } = await parked(t, call.arguments)
    const turned = { arguments: { shape: { a: 1 }, steps: [{ ask: { params: FORM.params, method: FORM.method } }] }, name: 'run' }
    assert.deepEqual(saidIn(await alice.get('tools/call', { ...answers, requestState: state, ...turned })), [{ result: accept({ mine: false }) }])
  })

  it('it opens once: a second retry, at the same time or later, is refused', async (t) => {
    const { alice, first, server } = await parked(t, { steps: [{ ask: FORM }, { gate: 'end' }] })
    const [one, two] = [alice.again(first, { 'elicitation-1': accept() }), alice.again(first, { 'elicitation-1': accept() })]
    assert.equal((await two.answer()).error?.code, -32602)
    server.open('end')
    assert.deepEqual(saidIn(await one.answer()), [{ result: accept() }])
    assert.equal((await alice.again(first, { 'elicitation-1': accept() }).answer()).error?.code, -32602)
    assert.equal(server.ran().length, 1)
  })

  it('the state of an earlier round opens nothing in a later one', async (t) => {
    const { alice, first } = await parked(t, { steps: [{ ask: FORM }, { ask: FORM }] })
    const second = alice.again(first, { 'elicitation-1': accept() })
    await askedIn(second)
    assert.equal((await alice.again(first, { 'elicitation-2': accept({ old: true }) }).answer()).error?.code, -32602)
    assert.deepEqual(saidIn(await alice.again(second, { 'elicitation-2': accept() }).answer()), [{ result: accept() }, { result: accept() }])
  })

  it('ten minutes later it opens nothing any more, and nothing runs again', async (t) => {
    const startMs = Date.now()
    t.mock.timers.enable({ apis: ['Date'], now: startMs })
    const { alice, first, server } = await parked(t, { steps: [{ ask: FORM }] })
    t.mock.timers.setTime(startMs + 600_000)
    assert.equal((await alice.again(first, { 'elicitation-1': accept() }).answer()).error?.code, -32602)
    assert.equal(server.ran().length, 1)
  })

  it('what may not be used any more is not gone on with', async (t) => {
    let isHidden = false
    const { alice, first, server } = await parked(t, { steps: [{ ask: FORM }] }, {
      change: (options) => ({ ...options, policy: { ...options.policy, decision: (...args) => isHidden ? { visible: false, refusal: { code: 'GW_ROUTE_TOOL' }, conditions: undefined } : options.policy.decision(...args) } })
    })
    isHidden = true
    assert.equal((await alice.again(first, { 'elicitation-1': accept() }).answer()).error?.code, -32602)
    assert.equal(server.got(({ id }) => id === 'ask-1').length, 0)
  })

  it('a retry costs a request; one too many leaves the call where it is', async (t) => {
    const { alice, first, clock } = await parked(t, { steps: [{ ask: FORM }] }, { limits: { requestsPerMinute: 2 } })
    assert.equal((await alice.get('server/discover')).how, 'finish')
    assert.equal((await alice.again(first, { 'elicitation-1': accept() }).answer()).refused?.code, 'GW_LIMIT_RATE')
    clock.advance(60_001)
    assert.deepEqual(saidIn(await alice.again(first, { 'elicitation-1': accept() }).answer()), [{ result: accept() }])
  })

  it('answers belong to three methods only', async (t) => {
    const { alice } = await parked(t, { steps: [{ ask: FORM }] })
    const ref = { type: 'ref/prompt', name: 'run' }
    assert.equal((await alice.get('completion/complete', { ref, argument: { name: 'a', value: '' }, inputResponses: {} })).error?.code, -32602)
  })
})

function swapped (text: string): string {
  const at = Math.floor(text.length / 2)
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}

// The state tells its holder nothing: neither the server's names nor the user's are in it.
describe('a requestState', () => {
  it('is sealed', async (t) => {
    const { state } = await parked(t, { steps: [{ ask: FORM }] })
    assert.match(state, /^[\w-]+$/)
    assert.ok(!/alice|srv|park/.test(Buffer.from(state, 'base64url').toString('latin1')))
  })
})
