/** What is hidden is answered as what is not there, in whatever words its server has for that (T25). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { startGateway, type TestAnswer } from './gateway-parts.ts'
import { plannedServer, tool } from './lists-parts.ts'

const hiddenTool = { tools: { deny: ['hidden'], timeoutMs: {}, callsPerMinute: {} } }
const rules = { prompts: { deny: ['hidden'] }, resources: { deny: ['list://hidden', 'list://hidden/{x}'] } }
const says = (message: string, code = -32602): JsonObject => ({ code, message })

const PLAN: JsonObject = {
  prompts: [{ name: 'open' }, { name: 'hidden' }],
  resources: [{ uri: 'list://open', name: 'open' }, { uri: 'list://hidden', name: 'hidden' }],
  resourceTemplates: [{ uriTemplate: 'list://open/{x}', name: 'open' }, { uriTemplate: 'list://hidden/{x}', name: 'hidden' }],
  errors: {
    open: says('open: who is needed'),
    nope: says('Prompt nope not found', 0),
    'list://open': says('open: the disk is full', -32603),
    'list://open/{x}': says('open: no values'),
    'list://nope': says('Resource list://nope not found'),
    'list://nope/{x}': says('Resource template list://nope/{x} not found')
  }
}

/** Each use with what its subject is called. */
const USES: ReadonlyArray<readonly [method: string, params: (name: string) => JsonObject, unknown: JsonObject]> = [
  ['prompts/get', (name) => ({ name }), says('Unknown prompt.')],
  ['completion/complete', (name) => ({ ref: { type: 'ref/prompt', name }, argument: { name: 'x', value: '' } }), says('Unknown prompt.')],
  ['resources/read', (name) => ({ uri: `list://${name}` }), says('Resource not found.', -32002)],
  ['completion/complete', (name) => ({ ref: { type: 'ref/resource', uri: `list://${name}/{x}` }, argument: { name: 'x', value: '' } }), says('Resource not found.', -32002)]
]

describe('a tool that is not listed', () => {
  it('is answered like a hidden one, also where the server says with its answer that the list has changed', async (t) => {
    for (const refusal of [{ errors: { nope: says('Tool nope not found') } }, { results: { nope: { isError: true, content: [{ type: 'text', text: 'Unknown tool: nope' }] } } }]) {
      for (const announces of [{}, { announces: 'tools' }]) {
        const one = plannedServer(t, { tools: [tool('open'), tool('hidden')], ...announces, ...refusal }, hiddenTool)
        const { client } = await startGateway(t, { servers: { one: { ...one.entry, validateArguments: true } } })
        const alice = await client()
        const ask = (name: string): Promise<TestAnswer> => alice.get('tools/call', { name }, 'same')
        const hidden = await ask('hidden')
        assert.deepEqual(hidden.error, says('Unknown tool.'))
        for (let count = 0; count < 3; count++) assert.deepEqual(await ask('nope'), hidden, JSON.stringify([refusal, announces, count]))
      }
    }
  })

  it('and is looked up for those alone whom a rule may hide something from, where arguments are not checked', async (t) => {
    const plan = { tools: [tool('open')], errors: { nope: says('Tool nope not found') } }
    const [ruled, free] = [plannedServer(t, plan, hiddenTool), plannedServer(t, plan)]
    const { client } = await startGateway(t, { servers: { ruled: ruled.entry, free: free.entry } })
    assert.deepEqual((await (await client('alice', 'ruled')).get('tools/call', { name: 'nope' })).error, says('Unknown tool.'))
    assert.deepEqual((await (await client('alice', 'free')).get('tools/call', { name: 'nope' })).error, says('Tool nope not found'))
    assert.deepEqual([ruled.journal('tools/list').length, free.journal('tools/list').length], [1, 0])
  })

  it('of a server that does not give its list: the same where a rule hides tools, and else in its own words', async (t) => {
    const plan = { fails: { 'tools/list': -32603 }, errors: { nope: says('Tool nope not found') } }
    const [ruled, free] = [plannedServer(t, plan, hiddenTool), plannedServer(t, plan)]
    const { client } = await startGateway(t, { servers: { ruled: { ...ruled.entry, validateArguments: true }, free: { ...free.entry, validateArguments: true } } })
    assert.deepEqual((await (await client('alice', 'ruled')).get('tools/call', { name: 'nope' })).error, says('Unknown tool.'))
    assert.deepEqual((await (await client('alice', 'free')).get('tools/call', { name: 'nope' })).error, says('Tool nope not found'))
  })

  it('a listed one keeps its own words, whatever has changed', async (t) => {
    const one = plannedServer(t, { tools: [tool('open')], announces: 'tools', errors: { open: says('open: the disk is full') } }, hiddenTool)
    const { client } = await startGateway(t, { servers: { one: { ...one.entry, validateArguments: true } } })
    const alice = await client()
    for (let count = 0; count < 3; count++) assert.deepEqual((await alice.get('tools/call', { name: 'open' })).error, says('open: the disk is full'))
  })

  it('whoever has gone meanwhile leaves nothing behind', async (t) => {
    const one = plannedServer(t, { tools: [tool('open')], hold: ['tools/list'], errors: { nope: says('Tool nope not found') } }, hiddenTool)
    const { client, gateway, thrown } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    const request = alice.ask('tools/call', { name: 'nope' })
    while (one.journal('tools/list').length === 0) await new Promise(setImmediate)
    alice.session.close()
    one.plan({})
    await request.answer()
    assert.deepEqual([request.answers.length, gateway.callsInFlight, thrown], [1, 0, []])
  })
})

describe('a prompt or a resource that is not listed', () => {
  it('is answered like a hidden one, and what is listed in the words of its server', async (t) => {
    const one = plannedServer(t, PLAN, rules)
    const { client, modern } = await startGateway(t, { servers: { one: one.entry } })
    const faces = { session: (await client()).get, modern: modern().get }
    for (const [face, get] of Object.entries(faces)) {
      for (const [method, params, unknown] of USES) {
        const [hidden, nope, open] = [await get(method, params('hidden')), await get(method, params('nope')), await get(method, params('open'))]
        const context = `${face} ${method} ${JSON.stringify(params('nope'))}`
        assert.deepEqual([hidden.error?.message, nope.error], [unknown['message'], hidden.error], context)
        assert.match(open.error?.message ?? '', /^open: /, context)
      }
    }
  })

  it('is answered by its server where no rule hides any, and no list is asked for', async (t) => {
    const one = plannedServer(t, PLAN)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    for (const [method, params] of USES) assert.match((await alice.get(method, params('nope'))).error?.message ?? '', /nope.* not found/)
    assert.deepEqual(['prompts/list', 'resources/list', 'resources/templates/list'].flatMap((method) => one.journal(method)), [])
  })

  it('of a server that does not give its lists is answered like a hidden one', async (t) => {
    const one = plannedServer(t, { ...PLAN, fails: { 'prompts/list': -32603, 'resources/list': -32603, 'resources/templates/list': -32603 } }, rules)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    for (const [method, params] of USES) assert.deepEqual((await alice.get(method, params('nope'))).error, (await alice.get(method, params('hidden'))).error)
  })

  it('cannot be subscribed to either; letting go says nothing of what exists', async (t) => {
    const one = plannedServer(t, PLAN, rules)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    const [hidden, nope, open] = await Promise.all(['hidden', 'nope', 'open'].map((name) => alice.get('resources/subscribe', { uri: `list://${name}` }, 'same')))
    assert.deepEqual([hidden?.error, nope], [says('Resource not found.', -32002), hidden])
    assert.deepEqual(open?.error, says('open: the disk is full', -32603))
    const released = await Promise.all(['hidden', 'nope'].map((name) => alice.get('resources/unsubscribe', { uri: `list://${name}` }, 'same')))
    assert.deepEqual(released.map(({ result, error }) => [result, error]), [[{}, undefined], [{}, undefined]])
  })
})
