import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { ABLE, accept, askedIn, FORM, ROOTS, run, saidIn, SAMPLE, scripted, type Scripted } from '../bridge/script-parts.ts'
import { startGateway, type GatewayBench, type TestModernClient } from './gateway-parts.ts'

const said = (text: string): JsonObject => ({ content: [{ type: 'text', text: JSON.stringify(text) }] })
const asks = (inputRequests: JsonObject, requestState?: string): JsonObject => ({ resultType: 'input_required', inputRequests, ...(requestState === undefined ? {} : { requestState }) })
const sent = ({ params }: JsonObject): JsonObject => params as JsonObject
const STATE = 'é\u0000"\\ \u2028=='
const META = 'io.modelcontextprotocol/'

async function both (t: Parameters<typeof startGateway>[0], entry: object = {}): Promise<GatewayBench & { readonly server: Scripted, readonly alice: TestModernClient }> {
  const server = scripted('modern')
  const bench = await startGateway(t, { servers: { srv: { ...server.entry, ...entry } } })
  return { ...bench, server, alice: bench.modern('alice', 'srv', { capabilities: ABLE }) }
}

/** The name of the server that a result says it is from. */
function nameIn (result: JsonObject | undefined): unknown {
  const meta = result?.['_meta'] as JsonObject | undefined
  return (meta?.[`${META}serverInfo`] as JsonObject | undefined)?.['name']
}

describe('a modern client of a modern server', () => {
  it('is asked under the server\'s own keys; the state is sealed for the client and comes back to the server byte by byte', async (t) => {
    const { alice, server } = await both(t)
    const first = run(alice, { key: 'k', replies: [asks({ 'user name': FORM, __proto__x: SAMPLE }, STATE), said('done')] })
    assert.deepEqual(await askedIn(first), { 'user name': FORM, __proto__x: SAMPLE })
    const { result } = await first.answer()
    assert.ok(!JSON.stringify(result?.['requestState']).includes('é'))
    const answers = { 'user name': accept({ a: 1 }), __proto__x: { model: 'm' } }
    const { result: last } = await alice.again(first, answers).answer()
    assert.deepEqual([last?.['content'], last?.['resultType']], [said('done')['content'], 'complete'])
    const [one, two] = server.ran().map(sent)
    assert.deepEqual([two?.['inputResponses'], two?.['requestState'], two?.['arguments']], [answers, STATE, one?.['arguments']])
    assert.deepEqual(one?.['_meta'], two?.['_meta'])
    assert.deepEqual((one?.['_meta'] as JsonObject)[`${META}clientCapabilities`], ABLE)
    assert.equal(((one?.['_meta'] as JsonObject)[`${META}clientInfo`] as JsonObject)['name'], 'drawbridge')
  })

  it('a state alone comes back alone; questions without a state need none', async (t) => {
    const { alice, server } = await both(t)
    const first = run(alice, { key: 'k', replies: [{ resultType: 'input_required', requestState: 'go on' }, asks({ a: FORM }), said('done')] })
    await first.answer()
    const second = alice.again(first, undefined)
    assert.deepEqual(Object.keys((await second.answer()).result ?? {}).sort(), ['_meta', 'inputRequests', 'resultType'])
    await alice.again(second, { a: accept() }).answer()
    assert.deepEqual(server.ran().map(sent).map(({ inputResponses, requestState }) => [inputResponses, requestState]), [[undefined, undefined], [undefined, 'go on'], [{ a: accept() }, undefined]])
  })

  it('nobody else\'s state reaches the server, nor with another request (T21)', async (t) => {
    const { alice, server, modern } = await both(t)
    const first = run(alice, { key: 'k', replies: [asks({ a: FORM }, 's'), said('done')] })
    const requestState = (await first.answer()).result?.['requestState'] as string
    const stolen = { requestState, inputResponses: { a: accept() } }
    for (const attempt of [
      modern('bob', 'srv').ask('tools/call', { ...first.params, ...stolen }),
      alice.ask('tools/call', { ...first.params, arguments: {}, ...stolen }),
      alice.ask('tools/call', { ...first.params, requestState: `${requestState}A` }),
      modern('alice', '/').ask('tools/call', { ...first.params, name: 'srv__run', ...stolen }),
      // The server's own, as it is.
      alice.ask('tools/call', { ...first.params, requestState: 's' })
    ]) assert.equal((await attempt.answer()).error?.code, -32602)
    assert.equal(server.ran().length, 1)
  })

  it('its roots pass the operator\'s rule, asked for or not, under whatever key', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'relayed-roots-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const inside = pathToFileURL(join(dir, 'inside')).href
    await mkdir(join(dir, 'inside'))
    const answers = { r: { roots: [{ uri: 'file:///' }, { uri: inside }] }, unasked: { action: 'accept', roots: [{ uri: 'file:///' }] } }
    for (const [roots, allowed] of [
      ['filtered', { r: { roots: [{ uri: inside }] }, unasked: { roots: [{ uri: pathToFileURL(dir).href }] } }],
      ['off', {}],
      ['relay', answers]
    ] as const) {
      const { alice, server } = await both(t, { roots, sandbox: { level: 'none', network: ['*'], pids: 256, readOnly: [], writable: [dir] } })
      await alice.get('tools/call', { name: 'run', arguments: { key: 'k', replies: [said('done')] }, inputResponses: answers })
      assert.deepEqual(sent(server.ran()[0] as JsonObject)['inputResponses'], allowed)
    }
  })

  it('is asked nothing that it does not declare: -32021; nothing that the server was not told of: the server\'s fault', async (t) => {
    const { modern, server } = await both(t, { capabilities: { fixed: ABLE } })
    const { error } = await run(modern('alice', 'srv', { capabilities: { elicitation: {} } }), { key: 'k', replies: [asks({ a: SAMPLE })] }).answer()
    assert.deepEqual([error?.code, error?.data], [-32021, { requiredCapabilities: { sampling: {} } }])
    assert.equal(server.ran().length, 1)
    for (const entry of [{}, { isolation: 'shared' }, { roots: 'off' }] as const) {
      const { modern: made } = await both(t, entry)
      const capabilities = 'isolation' in entry || 'roots' in entry ? ABLE : {}
      assert.equal((await run(made('alice', 'srv', { capabilities }), { key: 'k', replies: [asks({ a: 'roots' in entry ? ROOTS : FORM })] }).answer()).error?.code, 50201)
    }
  })

  it('gets complete results with cache hints of its own, always private (T23), and the server\'s name', async (t) => {
    const { alice } = await both(t)
    const { result: list } = await alice.get('tools/list')
    assert.deepEqual([list?.['resultType'], list?.['ttlMs'], list?.['cacheScope'], nameIn(list)], ['complete', 5000, 'private', 'scripted'])
    const uriOf = (reply: JsonObject): string => `script:${encodeURIComponent(JSON.stringify({ key: JSON.stringify(reply), replies: [reply] }))}`
    const read = await alice.get('resources/read', { uri: uriOf({ contents: [], ttlMs: 77.5, cacheScope: 'public' }) })
    assert.deepEqual([read.result?.['ttlMs'], read.result?.['cacheScope']], [77, 'private'])
    assert.deepEqual((read.result?.['_meta'] as JsonObject)[`${META}serverInfo`], { name: 'scripted', version: '1.0.0' })
    assert.equal((await alice.get('resources/read', { uri: uriOf({ contents: [], ttlMs: -1 }) })).result?.['ttlMs'], 0)
    assert.equal((await alice.get('resources/read', { uri: uriOf({ contents: [], ttlMs: 1e300 }) })).result?.['ttlMs'], 300_000)
    const { result: discovered } = await alice.get('server/discover')
    assert.deepEqual([discovered?.['supportedVersions'], discovered?.['cacheScope'], discovered?.['instructions']], [['2026-07-28'], 'private', 'As you say.'])
  })

  it('errors of its era pass; those of the gateway\'s own hop, and kinds of results nobody asked for, do not', async (t) => {
    const { alice } = await both(t)
    const codeOf = async (reply: JsonObject): Promise<unknown> => (await run(alice, { key: JSON.stringify(reply), replies: [reply] }).answer()).error
    const needed = { code: -32021, message: 'm', data: { requiredCapabilities: { sampling: { tools: {} } } } }
    assert.deepEqual(await codeOf({ error: needed }), needed)
    for (const code of [-32602, -32603, 77]) assert.deepEqual(await codeOf({ error: { code, message: 'm' } }), { code, message: 'm' })
    for (const code of [-32020, -32022]) assert.equal((await codeOf({ error: { code, message: 'm', data: { supported: ['2099-01-01'] } } }) as JsonObject)['code'], 50201)
    for (const reply of [{ resultType: 'later' }, { resultType: 'task', taskId: 't' }, { ...asks({}), requestState: 7 }, { ...asks({ a: 'no request' }) }, asks({ a: { method: 'tasks/list' } })]) {
      assert.equal((await codeOf(reply) as JsonObject)['code'], 50201)
    }
  })

  it('a task passes to who declared tasks, under a sealed id', async (t) => {
    const extensions = { 'io.modelcontextprotocol/tasks': {} }
    const server = scripted('modern', { env: { SCRIPT_CAPABILITIES: JSON.stringify({ tools: {}, extensions }) } })
    const { modern } = await startGateway(t, { servers: { srv: server.entry } })
    const { result } = await run(modern('alice', 'srv', { capabilities: { extensions } }), { key: 'k', replies: [{ resultType: 'task', taskId: 'inner', status: 'working' }] }).answer()
    assert.deepEqual([result?.['resultType'], result?.['status'], result?.['taskId'] === 'inner'], ['task', 'working', false])
  })

  it('progress and log lines come on the request\'s own stream, under its token and from its level on', async (t) => {
    const { alice, server } = await both(t)
    const notes = [{ method: 'notifications/progress', params: { progressToken: '$token', progress: 1 } }, { method: 'notifications/message', params: { level: 'info', data: 'x' } }, { method: 'notifications/message', params: { level: 'error', data: 'y' } }]
    const request = run(alice, { key: 'k', replies: [{ ...said('done'), notes }] }, { progressToken: 't', logLevel: 'error' })
    assert.equal(saidIn(await request.answer()), 'done')
    assert.deepEqual(request.emitted.map(({ params }) => (params as JsonObject)['progressToken'] ?? (params as JsonObject)['data']), ['t', 'y'])
    const silent = run(alice, { key: 's', replies: [{ ...said('done'), notes }] })
    await silent.answer()
    assert.deepEqual(silent.emitted, [])
    assert.deepEqual(server.ran().map((message) => (sent(message)['_meta'] as JsonObject)[`${META}logLevel`]), ['error', undefined])
  })
})

describe('a modern client of a session-era server', () => {
  it('gets complete results with hints, none of the old numbers, and no kind that the era does not know', async (t) => {
    const server = scripted()
    const { modern } = await startGateway(t, { servers: { srv: server.entry, hidden: { ...server.entry, resources: { deny: ['*'] } } } })
    const alice = modern('alice', 'srv')
    const { result } = await run(alice, { steps: [{ result: { resultType: 'input_required', inputRequests: { a: FORM }, content: [], structuredContent: [1] } }] }).answer()
    assert.deepEqual([result?.['resultType'], result?.['structuredContent']], ['complete', [1]])
    const { result: list } = await alice.get('tools/list')
    assert.deepEqual([list?.['resultType'], list?.['cacheScope'], typeof list?.['ttlMs'], nameIn(list)], ['complete', 'private', 'number', 'scripted'])
    assert.equal(nameIn((await modern('alice', '/').get('tools/list')).result), 'drawbridge')
    assert.equal((await alice.get('resources/read', { uri: 'no:such' })).error?.code, -32602)
    // Hidden is answered as unknown is (T25).
    assert.equal((await modern('alice', 'hidden').get('resources/read', { uri: 'no:such' })).error?.code, -32602)
    for (const [code, seen] of [[-32000, -32603], [-32001, -32603], [-32021, -32603], [-32602, -32602], [5, 5]]) {
      assert.equal((await run(alice, { steps: [{ error: { code, message: 'm' } }] }).answer()).error?.code, seen)
    }
  })
})
