/** Bodies: what is no JSON-RPC, what is no MCP, and what has to come through untouched (T32 to T34, JSON-RPC 2.0, rulings 4). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' }

describe('legacy face: messages', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
  })
  after(() => gateway.stop())

  const opened = async (): Promise<LegacyWire> => {
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    return wire
  }
  const whole = async (answer: Promise<Exchange>): Promise<Exchange> => {
    const got = await answer
    await got.ended
    return got
  }

  describe('requests that are not MCP', () => {
    const bad: Array<[string, string, number, number]> = [
      ['not JSON', '{"jsonrpc":', 400, -32700],
      ['an empty body', '', 400, -32700],
      ['a string', '"hello"', 400, -32600],
      ['no jsonrpc member', '{"id":1,"method":"tools/list"}', 400, -32600],
      ['id null', '{"jsonrpc":"2.0","id":null,"method":"tools/list"}', 400, -32600],
      ['id object', '{"jsonrpc":"2.0","id":{},"method":"tools/list"}', 400, -32600],
      ['id fraction', '{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}', 400, -32600],
      ['an id beyond safe integers', '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}', 400, -32600],
      ['an id of 257 characters', `{"jsonrpc":"2.0","id":"${'i'.repeat(257)}","method":"tools/list"}`, 400, -32600],
      ['a method twice', '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}', 400, -32600],
      ['a case variant of a member', '{"jsonrpc":"2.0","id":1,"method":"tools/list","Method":"tools/call"}', 400, -32600],
      ['depth 1,000', `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}}`, 400, -32600]
    ]
    for (const [what, body, status, code] of bad) {
      it(`${what}: ${status}, ${code}`, async () => {
        const wire = await opened()
        const answer = await whole(wire.post(body))
        assert.equal(answer.status, status, answer.body())
        assert.equal(answer.messages()[0]?.error?.code, code)
        assert.ok((await wire.request('ping')).result, 'the session goes on')
      })
    }

    it('a tool name given twice, or in two cases, never reaches the server (T34)', async () => {
      const wire = await opened()
      for (const params of ['{"name":"echo","name":"get","arguments":{}}', '{"name":"echo","Name":"get","arguments":{}}', '{"Name":"get","name":"echo","arguments":{"text":"x"}}']) {
        const answer = await whole(wire.post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`))
        assert.equal(answer.status, 400, params)
      }
      const received = JSON.stringify(await wire.call('received'))
      assert.doesNotMatch(received, /Name\\"/)
    })

    it('Content-Type must be application/json: 415', async () => {
      const wire = await opened()
      for (const type of ['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded']) {
        assert.equal((await whole(wire.post(JSON.stringify(list), { 'content-type': type }))).status, 415, type)
      }
      assert.equal((await whole(wire.post(JSON.stringify(list), { 'content-type': 'application/json; charset=utf-8' }))).status, 200)
    })

    it('Accept: absent and */* are both types; one type alone is 406', async () => {
      const wire = await opened()
      const post = (accept?: string) => send(wire.url, { body: list, headers: { ...gateway.keyOf('alice').bearer, 'mcp-session-id': wire.sessionId ?? '', ...(accept ? { accept } : {}) } })
      assert.equal((await post()).status, 200)
      assert.equal((await post('*/*')).status, 200)
      assert.equal((await post('text/html')).status, 406)
    })
  })

  describe('messages', () => {
    it('a notification and a response: 202 without a body', async () => {
      const wire = await opened()
      for (const message of [{ method: 'notifications/cancelled', params: { requestId: 99 } }, { id: 12345, result: {} }]) {
        const answer = await wire.tell(message)
        assert.equal(answer.status, 202)
        assert.equal(answer.body(), '')
      }
    })

    it('ids come back in the type they had', async () => {
      const wire = await opened()
      for (const id of [0, -1, 1, '1', '', 'ä🦊', Number.MAX_SAFE_INTEGER]) {
        const message = await wire.request('ping', undefined, id)
        assert.strictEqual(message.id, id)
      }
    })

    it('an unknown method: 200 with -32601 and the id', async () => {
      const wire = await opened()
      const answer = await whole(wire.post({ jsonrpc: '2.0', id: 'm', method: 'no/such' }))
      assert.equal(answer.status, 200)
      assert.equal(answer.messages()[0]?.error?.code, -32601)
    })

    it("the server's own errors and members that no one knows yet come through untouched", async () => {
      const wire = await opened()
      const failed = await wire.call('fail', { code: -32005, message: 'my own words' })
      assert.deepEqual(failed.error, { code: -32005, message: 'my own words' })
      const { result } = await wire.call('unknownMembers')
      assert.deepEqual(result, {
        content: [{ type: 'text', text: 'x', futureMember: { deep: [1, null, '\u2028'] } }], structuredContent: { n: 1 }, futureResult: true, _meta: { 'example.com/key': 'kept' }
      })
    })

    it('every response carries X-Request-Id', async () => {
      const wire = await opened()
      const answers = [await whole(wire.post(list)), await send(`${gateway.url}/nothing-here`, { headers: { ...gateway.keyOf('alice').bearer } }), await send(`${gateway.url}/live`)]
      const ids = answers.map((answer) => String(answer.headers['x-request-id']))
      for (const id of ids) assert.match(id, /\S{8,}/)
      assert.equal(new Set(ids).size, ids.length)
    })
  })
})
