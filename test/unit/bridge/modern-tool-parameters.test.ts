import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ToolParameters } from '../../../src/bridge/tool-parameters.ts'
import type { JsonObject, Reply } from '../../../src/protocol/index.ts'
import type { Connection, UpstreamCall } from '../../../src/upstream/index.ts'
import { relayedCall } from './bridge-parts.ts'

const tool = (name: string, header: string): JsonObject => ({ name, inputSchema: { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': header } } } })

/** A connection whose lists the test answers. */
function listing (): { connection: Connection, asked: UpstreamCall[], answer: (reply: Reply) => void } {
  const asked: UpstreamCall[] = []
  const connection = { call (call: UpstreamCall) { asked.push(call) } } as unknown as Connection
  return { connection, asked, answer: (reply) => asked.at(-1)?.onReply(reply) }
}

const headersOf = async (found: ReturnType<ToolParameters['of']>): Promise<string> => JSON.stringify(await found)

describe('which arguments are mirrored in headers (SEP-2243)', () => {
  it('is read once, page after page, for all who wait', async () => {
    const parameters = new ToolParameters()
    const { connection, asked, answer } = listing()
    const both = [parameters.of('one', connection), parameters.of('two', connection)]
    answer({ result: { tools: [tool('one', 'X-One')], nextCursor: 'n' } })
    await new Promise((resolve) => { setImmediate(resolve) })
    assert.deepEqual(asked.map(({ params }) => params), [undefined, { cursor: 'n' }])
    answer({ result: { tools: [tool('two', 'X-Two'), { name: 'task', inputSchema: {}, execution: { taskSupport: 'required' } }] } })
    assert.match((await Promise.all(both.map(headersOf))).join(), /x-one.*x-two/)
    assert.deepEqual([parameters.of('none', connection), parameters.requiresTask('task'), asked.length], [[], true, 2])
  })

  it('a list that changes while it is read is read again', async () => {
    const parameters = new ToolParameters()
    const { connection, asked, answer } = listing()
    const stale = parameters.of('one', connection)
    parameters.forget()
    answer({ result: { tools: [tool('one', 'X-Old')] } })
    assert.match(await headersOf(stale), /x-old/)
    const fresh = parameters.of('one', connection)
    assert.equal(asked.length, 2)
    answer({ result: { tools: [tool('one', 'X-New')] } })
    assert.match(await headersOf(fresh), /x-new/)
  })

  it('a server without a list has none', async () => {
    const parameters = new ToolParameters()
    const { connection, answer } = listing()
    const found = parameters.of('one', connection)
    answer({ error: { code: -32601, message: 'x' } })
    assert.deepEqual(await found, [])
  })

  it('a call whose headers were wrong is sent again with those of a new list, once (-32020)', async () => {
    const parameters = new ToolParameters()
    const { connection, asked, answer } = listing()
    const { call } = relayedCall(undefined, { params: { name: 'one' } })
    call.mirrored = []
    const wrong: Reply = { error: { code: -32020, message: 'x' } }
    const again = parameters.mirrorAgain(call, connection, wrong)
    answer({ result: { tools: [tool('one', 'X-New')] } })
    assert.deepEqual(await again, { params: { name: 'one' } })
    assert.match(JSON.stringify(call.mirrored), /x-new/)
    assert.deepEqual([await parameters.mirrorAgain(call, connection, wrong), asked.length], [{ reply: wrong }, 1])
  })
})
