import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toLegacy } from '../../../src/bridge/index.ts'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { startGateway } from '../gateway/gateway-parts.ts'
import { scripted } from './script-parts.ts'

const INFO = { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' } }
const text = (value: string): JsonObject[] => [{ type: 'text', text: value }]
const legacy = (method: string, result: JsonObject): unknown => toLegacy(method, { result }, 'modern', '2025-11-25').result

describe('a modern server\'s results, as sessions read them', () => {
  it('are without resultType, cache hints and serverInfo; what else is in _meta stays', () => {
    assert.deepEqual(legacy('resources/read', { resultType: 'complete', ttlMs: 1, cacheScope: 'public', contents: [], _meta: INFO }), { contents: [] })
    assert.deepEqual(legacy('tools/call', { resultType: 'complete', content: [], _meta: { ...INFO, mine: 1 } }), { content: [], _meta: { mine: 1 } })
  })

  it('structured content that is no object becomes text, unless there is text', () => {
    assert.deepEqual(legacy('tools/call', { content: [], structuredContent: [1, 'two'] }), { content: text('[1,"two"]') })
    assert.deepEqual(legacy('tools/call', { content: text('said'), structuredContent: 7 }), { content: text('said') })
    assert.deepEqual(legacy('tools/call', { content: [], structuredContent: { a: 1 } }), { content: [], structuredContent: { a: 1 } })
  })

  it('a tool whose output is no object is listed without saying so', () => {
    const of = (outputSchema: JsonObject): JsonObject => ({ name: 't', inputSchema: { type: 'object' }, outputSchema })
    const { tools } = legacy('tools/list', { tools: [of({ type: 'array' }), of({ type: 'object' })] }) as { tools: JsonObject[] }
    assert.deepEqual(tools.map(({ outputSchema }) => outputSchema), [undefined, { type: 'object' }])
  })

  it('of a kind that no session knows are an error', () => {
    for (const resultType of ['task', 'input_required', 'later']) assert.equal(toLegacy('tools/call', { result: { resultType } }, 'modern', '2025-11-25').error?.code, 50201)
  })

  it('errors of the gateway\'s own hop are words, never bare; a missing resource has its old number where that is certain', () => {
    for (const code of [-32020, -32021, -32022]) {
      const error = { code, message: 'x', data: { requiredCapabilities: { sampling: {} } } }
      const called = toLegacy('tools/call', { error }, 'modern', '2025-11-25').result as JsonObject
      assert.equal(called['isError'], true)
      if (code === -32021) assert.match(JSON.stringify(called), /sampling/)
      assert.equal(toLegacy('prompts/get', { error }, 'modern', '2025-11-25').error?.code, -32603)
    }
    const missing = (data?: JsonObject): unknown => toLegacy('resources/read', { error: { code: -32602, message: 'x', ...(data === undefined ? {} : { data }) } }, 'modern', '2025-11-25').error?.code
    assert.deepEqual([missing({ uri: 'a:b' }), missing()], [-32002, -32602])
  })

  it('reach sessions so from end to end', async (t) => {
    const server = scripted('modern')
    const { client } = await startGateway(t, { servers: { srv: server.entry } })
    const alice = await client('alice', 'srv')
    const run = async (reply: JsonObject): Promise<unknown> => {
      const { result, error } = await alice.get('tools/call', { name: 'run', arguments: { key: JSON.stringify(reply), replies: [reply] } })
      return error?.code ?? result
    }
    assert.deepEqual(await run({ content: text('a'), ttlMs: 9, cacheScope: 'public', _meta: INFO }), { content: text('a') })
    assert.deepEqual(await run({ resultType: 'task', taskId: 't' }), 50201)
    assert.equal((await run({ error: { code: -32021, message: 'm', data: { requiredCapabilities: { sampling: {} } } } }) as JsonObject)['isError'], true)
    assert.equal((await run({ error: { code: -32022, message: 'm', data: { supported: ['2099-01-01'] } } }) as JsonObject)['isError'], true)
    assert.equal((await alice.get('resources/read', { uri: 'no:such' })).error?.code, -32002)
    assert.deepEqual(Object.keys((await alice.get('tools/list')).result ?? {}), ['tools'])
    assert.equal(server.ran('initialize').length > 0 && server.ran('server/discover').length > 0, true)
  })
})
