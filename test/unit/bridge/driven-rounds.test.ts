import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { until } from '../../helpers/until.ts'
import { startGateway, type GatewayBenchOptions, type TestClient, type TestRequest } from '../gateway/gateway-parts.ts'
import { ABLE, accept, FORM, isCancel, PAGE, ROOTS, saidIn, SAMPLE, scripted, type Scripted } from './script-parts.ts'

const said = (text: string): JsonObject => ({ content: [{ type: 'text', text: JSON.stringify(text) }] })
const asks = (inputRequests: JsonObject, requestState?: string): JsonObject => ({ resultType: 'input_required', inputRequests, ...(requestState === undefined ? {} : { requestState }) })
/** Odd on purpose: what is not the gateway's to read has to come back byte by byte. */
const STATE = 'é\u0000"\\ \u2028=='

/** The n-th question on the stream of a request. */
async function question (request: TestRequest, n = 1): Promise<JsonObject & { id: number }> {
  return await until(`question ${n}`, () => request.emitted.filter(({ id }) => id !== undefined)[n - 1]) as JsonObject & { id: number }
}

interface Driven { readonly server: Scripted, readonly alice: TestClient, readonly gateway: Awaited<ReturnType<typeof startGateway>>['gateway'], readonly run: (replies: JsonObject[], self?: JsonObject) => TestRequest }

async function driven (t: Parameters<typeof startGateway>[0], { capabilities = ABLE, protocolVersion = '2025-11-25', entry = {}, ...options }: { capabilities?: JsonObject, protocolVersion?: string, entry?: object } & Partial<GatewayBenchOptions> = {}): Promise<Driven> {
  const server = scripted('modern')
  const { client, gateway } = await startGateway(t, { ...options, servers: { srv: { ...server.entry, ...entry } } })
  const alice = await client('alice', 'srv', { protocolVersion, capabilities })
  return { server, alice, gateway, run: (replies, self) => alice.ask('tools/call', { name: 'run', arguments: { key: 'k', replies }, ...self }) }
}

const sent = ({ params }: JsonObject): JsonObject => params as JsonObject

describe('a session\'s call to a modern server that asks (driven rounds)', () => {
  it('each question is a request on the stream of the call; the answers go back with the state, byte by byte', async (t) => {
    const { alice, server, run } = await driven(t)
    const request = run([asks({ name: FORM, poem: SAMPLE }, STATE), said('done')])
    const [one, two] = [await question(request, 1), await question(request, 2)]
    assert.deepEqual([[one['method'], one['params']], [two['method'], two['params']]], [[FORM.method, FORM.params], [SAMPLE.method, SAMPLE.params]])
    assert.equal(server.ran().length, 1)
    alice.session.answer(two.id, { result: { model: 'm' } })
    alice.session.answer(one.id, { result: accept({ a: 1 }) })
    assert.equal(saidIn(await request.answer()), 'done')
    const [first, second] = server.ran()
    assert.notEqual(first?.['id'], second?.['id'])
    const { inputResponses, requestState, _meta, ...original } = sent(second as JsonObject)
    assert.deepEqual([inputResponses, requestState], [{ name: accept({ a: 1 }), poem: { model: 'm' } }, STATE])
    const { _meta: meta, ...before } = sent(first as JsonObject)
    assert.deepEqual([original, _meta], [before, meta])
    assert.deepEqual((meta as JsonObject)['io.modelcontextprotocol/clientCapabilities'], { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} })
  })

  it('rounds follow each other, each with its own answers and state only; a state alone is sent back', async (t) => {
    const { alice, server, run } = await driven(t)
    const request = run([asks({ a: FORM }, 's1'), { resultType: 'input_required', requestState: 's2' }, asks({ b: FORM }), said('done')])
    alice.session.answer((await question(request, 1)).id, { result: accept({ n: 1 }) })
    alice.session.answer((await question(request, 2)).id, { result: accept({ n: 2 }) })
    assert.equal(saidIn(await request.answer()), 'done')
    assert.deepEqual(server.ran().map((message) => [sent(message)['inputResponses'], sent(message)['requestState']]), [
      [undefined, undefined], [{ a: accept({ n: 1 }) }, 's1'], [undefined, 's2'], [{ b: accept({ n: 2 }) }, undefined]
    ])
  })

  it('ends after eight rounds, and when a round asks nothing', async (t) => {
    const { server, run } = await driven(t)
    assert.equal((await run([asks({})]).answer()).error?.code, 50201)
    assert.equal((await run([{ resultType: 'input_required', inputRequests: { a: 'no request' } }]).answer()).error?.code, 50201)
    const begun = server.ran().length
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const request = run([{ resultType: 'input_required', requestState: 'again' }])
    await until('the end', () => {
      t.mock.timers.tick(250)
      return request.answers[0]
    })
    assert.deepEqual([request.answers[0]?.error?.code, server.ran().length - begun], [50201, 9])
  })

  it('a refused sample ends the call in words; a refused form is a cancelled one', async (t) => {
    const { alice, server, run } = await driven(t)
    const refused = run([asks({ poem: SAMPLE }, 's')])
    alice.session.answer((await question(refused)).id, { error: { code: -1, message: 'User rejected' } })
    const { result } = await refused.answer()
    assert.equal(result?.['isError'], true)
    assert.match(JSON.stringify(result), /sampling/)
    const form = alice.ask('tools/call', { name: 'run', arguments: { key: 'f', replies: [asks({ a: FORM }), said('done')] } })
    alice.session.answer((await question(form)).id, { error: { code: -32603, message: 'no' } })
    await form.answer()
    assert.deepEqual(sent(server.ran().at(-1) as JsonObject)['inputResponses'], { a: { action: 'cancel' } })
  })

  it('a cancel between two rounds withdraws the question and sends nothing more; one during a round is passed on', async (t) => {
    const { alice, server, gateway, run } = await driven(t)
    const waiting = alice.ask('tools/call', { name: 'run', arguments: { key: 'a', replies: [asks({ a: FORM })] } }, 'c')
    const { id } = await question(waiting)
    alice.tell('notifications/cancelled', { requestId: 'c' })
    assert.deepEqual([waiting.answers, gateway.callsInFlight], [[{ how: 'drop' }], 0])
    assert.ok(waiting.emitted.some(({ method, params }) => method === 'notifications/cancelled' && (params as JsonObject)['requestId'] === id))
    const second = run([asks({ a: FORM }), { hold: true }])
    alice.session.answer((await question(second)).id, { result: accept() })
    await until('the second round', () => server.ran().length === 3)
    for (const call of alice.session.calls) call.cancel('client_cancelled')
    const { params } = await server.gets('the cancellation', isCancel)
    assert.equal((params as JsonObject)['requestId'], server.ran()[2]?.['id'])
    assert.deepEqual([second.answers.map(({ how }) => how), server.ran().length], [['drop'], 3])
  })

  it('a session that declares nothing declares {} to the server; what is asked all the same is answered in words', async (t) => {
    const { server, alice, run } = await driven(t, { capabilities: {} })
    const { result } = await run([asks({ a: FORM })]).answer()
    assert.deepEqual([result?.['isError'], server.ran().length], [true, 1])
    assert.deepEqual((sent(server.ran()[0] as JsonObject)['_meta'] as JsonObject)['io.modelcontextprotocol/clientCapabilities'], {})
    const prompt = await alice.get('prompts/get', { name: 'run', arguments: { script: JSON.stringify({ key: 'p', replies: [asks({ a: FORM })] }) } })
    assert.equal(prompt.error?.code, -32603)
  })

  for (const [isolation, what] of [['shared', 'a worker of several users'], ['tenant', 'a worker of a tenant']] as const) {
    it(`${what} is not told of its clients and asks none of them`, async (t) => {
      const { server, run } = await driven(t, { entry: { isolation } })
      const request = run([asks({ a: FORM, r: ROOTS })])
      assert.equal((await request.answer()).result?.['isError'], true)
      assert.deepEqual(request.emitted, [])
      assert.deepEqual((sent(server.ran()[0] as JsonObject)['_meta'] as JsonObject)['io.modelcontextprotocol/clientCapabilities'], {})
    })
  }

  it('promises of `capabilities: fixed` are not kept at a client\'s expense', async (t) => {
    const { run } = await driven(t, { capabilities: { elicitation: {} }, entry: { capabilities: { fixed: ABLE } } })
    const request = run([asks({ a: SAMPLE })])
    assert.equal((await request.answer()).result?.['isError'], true)
    assert.deepEqual(request.emitted, [])
  })

  it('pages have an id where the revision wants one', async (t) => {
    const { elicitationId: _id, ...page } = PAGE.params
    for (const [protocolVersion, type] of [['2025-11-25', 'string'], ['2025-06-18', 'undefined']] as const) {
      const { run } = await driven(t, { protocolVersion })
      const { params } = await question(run([asks({ a: { ...PAGE, params: page } })]))
      assert.equal(typeof (params as JsonObject)['elicitationId'], type)
    }
  })

  it('roots: filtered to the operator\'s directories; off: never asked', async (t) => {
    const { alice, server, run } = await driven(t)
    const request = run([asks({ r: ROOTS }), said('done')])
    alice.session.answer((await question(request)).id, { result: { roots: [{ uri: 'file:///' }] } })
    await request.answer()
    assert.deepEqual(sent(server.ran()[1] as JsonObject)['inputResponses'], { r: { roots: [] } })
    const off = await driven(t, { entry: { roots: 'off' } })
    const spared = off.run([asks({ r: ROOTS })])
    assert.equal((await spared.answer()).result?.['isError'], true)
    assert.deepEqual(spared.emitted, [])
  })

  it('progress keeps the client\'s token through the rounds; log lines come at the session\'s level', async (t) => {
    const { alice, server } = await driven(t)
    await alice.get('logging/setLevel', { level: 'warning' })
    const note = (progress: number): JsonObject => ({ method: 'notifications/progress', params: { progressToken: '$token', progress } })
    const line = (level: string): JsonObject => ({ method: 'notifications/message', params: { level, data: level } })
    const request = alice.ask('tools/call', { name: 'run', arguments: { key: 'k', replies: [{ ...asks({ a: FORM }), notes: [note(1), line('info'), line('error')] }, { ...said('done'), notes: [note(2)] }] }, _meta: { progressToken: 'mine' } })
    alice.session.answer((await question(request)).id, { result: accept() })
    await request.answer()
    const news = request.emitted.filter(({ id }) => id === undefined).map(({ method, params }) => [method, (params as JsonObject)['progressToken'] ?? (params as JsonObject)['level']])
    assert.deepEqual(news, [['notifications/progress', 'mine'], ['notifications/message', 'error'], ['notifications/progress', 'mine']])
    assert.deepEqual(server.ran().map((message) => (sent(message)['_meta'] as JsonObject)['io.modelcontextprotocol/logLevel']), ['warning', 'warning'])
  })
})
