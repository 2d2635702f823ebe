/** JSON-RPC batches: only in a session negotiated as 2025-03-26, at most 50 messages (MCP 2025-03-26 transports, rulings 3 and 4). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { Exchange } from '../helpers/http-exchange.ts'
import { clientInfo, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

const call = (id: string | number, text: string, delayMs = 0) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text, delayMs } } })

describe('batches', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
  })
  after(() => gateway.stop())

  const opened = async (protocolVersion = '2025-03-26'): Promise<LegacyWire> => {
    const wire = gateway.wire('alice', 'probe')
    await wire.open({ protocolVersion })
    return wire
  }
  const whole = async (wire: LegacyWire, body: unknown): Promise<Exchange> => {
    const answer = await wire.post(body)
    await answer.ended
    return answer
  }

  it('every request gets its own answer, in one array or on one stream; notifications get none', async () => {
    const wire = await opened()
    const answer = await whole(wire, [call(1, 'one', 300), { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } }, call('1', 'string one'), { jsonrpc: '2.0', id: 2, method: 'ping' }, { jsonrpc: '2.0', id: 3, method: 'no/such' }])
    assert.equal(answer.status, 200)
    const messages = answer.messages()
    assert.equal(messages.length, 4, answer.body())
    const byId = new Map(messages.map((message) => [message.id, message]))
    assert.equal(textOf(byId.get(1) ?? {}), 'one')
    assert.equal(textOf(byId.get('1') ?? {}), 'string one')
    assert.deepEqual(byId.get(2)?.result, {})
    assert.equal(byId.get(3)?.error?.code, -32601)
  })

  it('notifications and responses only: 202', async () => {
    const wire = await opened()
    const answer = await whole(wire, [{ jsonrpc: '2.0', method: 'notifications/roots/list_changed' }, { jsonrpc: '2.0', id: 5, result: {} }])
    assert.equal(answer.status, 202)
    assert.equal(answer.body(), '')
  })

  it('one bad entry does not take the others with it', async () => {
    const wire = await opened()
    const answer = await whole(wire, [call(1, 'good'), { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'noSuchTool' } }])
    const byId = new Map(answer.messages().map((message) => [message.id, message]))
    assert.equal(textOf(byId.get(1) ?? {}), 'good')
    assert.ok(byId.get(2)?.error)
  })

  it('50 are taken, 51 refused', async () => {
    const wire = await opened()
    const batch = Array.from({ length: 50 }, (_, index) => call(index, `n${index}`))
    const answer = await whole(wire, batch)
    assert.equal(answer.status, 200)
    assert.equal(answer.messages().length, 50)
    const refused = await whole(wire, [...batch, call(50, 'one too many')])
    assert.equal(refused.status, 400)
    assert.equal(refused.messages()[0]?.error?.code, -32600)
  })

  it('refused: an empty array, initialize inside, a batch without a session', async () => {
    const wire = await opened()
    assert.equal((await whole(wire, [])).status, 400)
    const inside = await whole(wire, [{ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-03-26', capabilities: {}, clientInfo } }, call(2, 'x')])
    assert.ok(inside.status === 400 || inside.messages().find((message) => message.id === 1)?.error !== undefined, inside.body())
    assert.equal((await whole(gateway.wire('alice', 'probe'), [call(1, 'x')])).status, 400)
  })

  for (const version of ['2024-11-05', '2025-06-18', '2025-11-25']) {
    it(`refused in a ${version} session: 400, -32600, nothing runs`, async () => {
      const wire = await opened(version)
      const answer = await whole(wire, [{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'put', arguments: { value: `batched in ${version}` } } }])
      assert.equal(answer.status, 400)
      assert.equal(answer.messages()[0]?.error?.code, -32600)
      assert.doesNotMatch(textOf(await wire.call('get')), new RegExp(version))
    })
  }
})
