import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ABLE, accept, answersAsk, askedIn, FORM, isCancel, PAGE, run, saidIn, SAMPLE, scripted } from '../bridge/script-parts.ts'
import { startGateway } from './gateway-parts.ts'

describe('a session-era server asks during a modern request (parking)', () => {
  for (const [what, question, shown] of [
    ['a form', FORM, FORM],
    ['a page, without the id that only sessions have', PAGE, { ...PAGE, params: { mode: 'url', message: 'Sign in', url: 'https://example.com/sign-in' } }],
    ['the model', SAMPLE, SAMPLE]
  ] as const) {
    it(`${what}: input_required, and the answer goes to the server on the retry`, async (t) => {
      const server = scripted()
      const { modern, gateway } = await startGateway(t, { servers: { srv: server.entry } })
      const alice = modern('alice', 'srv', { capabilities: ABLE })
      const first = run(alice, { steps: [{ ask: question }] })
      const asked = await askedIn(first)
      assert.deepEqual(Object.values(asked), [shown])
      const [key] = Object.keys(asked) as [string]
      const { result } = await first.answer()
      assert.deepEqual([Object.keys(result ?? {}).sort(), gateway.callsInFlight], [['inputRequests', 'requestState', 'resultType'], 1])
      const reply = await alice.again(first, { [key]: accept({ name: 'a' }), unknown: accept() }).answer()
      assert.deepEqual(saidIn(reply), [{ result: accept({ name: 'a' }) }])
      assert.equal(reply.result?.['resultType'], 'complete')
      assert.deepEqual([server.ran().length, server.got(isCancel).length, gateway.callsInFlight], [1, 0, 0])
    })
  }

  it('several questions at once are one round; what is left out, or of a wrong type, is asked again with a new state', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const first = run(alice, { steps: [{ asks: [FORM, SAMPLE, PAGE] }] })
    const keys = Object.keys(await askedIn(first))
    assert.deepEqual(keys, ['elicitation-1', 'sampling-2', 'elicitation-3'])
    const second = alice.again(first, { 'sampling-2': { model: 'm' }, 'elicitation-1': 'yes', 'elicitation-3': null })
    assert.deepEqual(Object.keys(await askedIn(second)), ['elicitation-1', 'elicitation-3'])
    await server.gets('the first answer', answersAsk(2))
    const third = alice.again(second, { 'elicitation-1': accept(), 'elicitation-3': { action: 'decline' }, 'sampling-2': { model: 'other' } })
    assert.deepEqual(saidIn(await third.answer()), [{ result: accept() }, { result: { model: 'm' } }, { result: { action: 'decline' } }])
    assert.notEqual((await first.answer()).result?.['requestState'], (await second.answer()).result?.['requestState'])
    assert.equal(server.ran().length, 1)
  })

  it('one question after the other is one round each', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    let request = run(alice, { steps: [{ ask: FORM }, { ask: SAMPLE }, { ask: FORM }] })
    for (const key of ['elicitation-1', 'sampling-2', 'elicitation-3']) {
      assert.deepEqual(Object.keys(await askedIn(request)), [key])
      request = alice.again(request, { [key]: { at: key } })
    }
    assert.deepEqual(saidIn(await request.answer()), ['elicitation-1', 'sampling-2', 'elicitation-3'].map((at) => ({ result: { at } })))
  })

  it('on the aggregate as well, under the name there', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry, other: server.entry } })
    const alice = modern('alice', '/', { capabilities: ABLE })
    const first = alice.ask('tools/call', { name: 'srv__run', arguments: { steps: [{ ask: FORM }] } })
    const [key] = Object.keys(await askedIn(first)) as [string]
    assert.equal((await alice.ask('tools/call', { ...first.params, name: 'other__run', requestState: first.answers[0]?.result?.['requestState'] as string }).answer()).error?.code, -32602)
    assert.deepEqual(saidIn(await alice.again(first, { [key]: accept() }).answer()), [{ result: accept() }])
  })

  it('a server that asks without end is told so after ten rounds', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    let request = run(alice, { steps: Array.from({ length: 11 }, () => ({ ask: FORM })) })
    for (let round = 1; round <= 10; round++) request = alice.again(request, { [Object.keys(await askedIn(request))[0] as string]: accept() })
    const answers = saidIn(await request.answer()) as unknown[]
    assert.deepEqual([answers.length, answers[9], answers[10]], [11, { result: accept() }, { result: { action: 'cancel' } }])
  })

  it('a client that never answers is asked ten times and no more', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    let request = run(alice, { steps: [{ ask: FORM }] })
    for (let round = 1; round <= 10; round++) {
      await askedIn(request)
      request = alice.again(request, {})
    }
    assert.deepEqual(saidIn(await request.answer()), [{ result: { action: 'cancel' } }])
  })

  it('prompts and resources wait like tools', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const script = JSON.stringify({ steps: [{ ask: FORM }, { result: { done: true } }] })
    for (const [method, params] of [['prompts/get', { name: 'run', arguments: { script } }], ['resources/read', { uri: `script:${encodeURIComponent(script)}` }]] as const) {
      const first = alice.ask(method, params)
      const [key] = Object.keys(await askedIn(first)) as [string]
      assert.equal((await alice.again(first, { [key]: accept() }).answer()).result?.['done'], true)
    }
  })

  for (const [what, question, required] of [
    ['a form', FORM, { elicitation: { form: {} } }],
    ['a page', PAGE, { elicitation: { url: {} } }],
    ['the model', SAMPLE, { sampling: {} }],
    ['the model with tools', { ...SAMPLE, params: { ...SAMPLE.params, tools: [] } }, { sampling: { tools: {} } }]
  ] as const) {
    it(`${what}, which this request does not declare: -32021 that says so, and the call is cancelled`, async (t) => {
      const server = scripted()
      const { modern, gateway } = await startGateway(t, { servers: { srv: { ...server.entry, capabilities: { fixed: ABLE } } }, limits: { concurrentCalls: 1 } })
      const alice = modern('alice', 'srv', { capabilities: what === 'the model with tools' ? { sampling: {} } : { roots: {} } })
      const { how, error } = await run(alice, { steps: [{ ask: question }, { hold: true }] }).answer()
      assert.deepEqual([how, error?.code, error?.data], ['finish', -32021, { requiredCapabilities: required }])
      await server.gets('the cancellation', isCancel)
      const { result, error: refused } = await server.gets('its answer', answersAsk(1))
      assert.deepEqual([result ?? refused].map((reply) => 'action' in (reply as object) ? reply : (reply as { code: number }).code), [question.method === 'sampling/createMessage' ? -32601 : { action: 'cancel' }])
      // The slot is free: another call runs.
      assert.equal(gateway.callsInFlight, 0)
      assert.deepEqual(saidIn(await run(alice, { steps: [] }).answer()), [])
    })
  }

  it('what an earlier round declared means nothing for a later one', async (t) => {
    const server = scripted()
    const { modern, gateway } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = modern('alice', 'srv', { capabilities: ABLE })
    const first = run(alice, { steps: [{ ask: FORM }] })
    await askedIn(first)
    const { error } = await alice.again(first, {}, { capabilities: { sampling: {} } }).answer()
    assert.deepEqual([error?.code, error?.data, gateway.callsInFlight], [-32021, { requiredCapabilities: { elicitation: { form: {} } } }, 0])
    await server.gets('the cancellation', isCancel)
  })

  it('what no client can ever be asked is refused and ends nothing', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const [answer] = saidIn(await run(modern('alice', 'srv', { capabilities: {} }), { steps: [{ ask: { method: 'no/such', params: {} } }] }).answer()) as Array<{ error: { code: number } }>
    assert.equal(answer?.error.code, -32601)
  })
})
