import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { notificationText } from '../../src/protocol/index.ts'
import { GatewayError, type ErrorCode } from '../../src/shared/errors.ts'
import { send } from '../helpers/http-exchange.ts'
import { call, modern, startModern, type Received } from './modern-parts.ts'

const RESULT = { result: { resultType: 'complete', content: [] } }
const finish = ({ exchange, request }: Received): void => exchange.finish(request.id, RESULT)

describe('a modern POST (MCP 2026-07-28 transports)', () => {
  it('reaches the gateway as it came, and its answer is JSON under its id', async (t) => {
    const { post, received, bench } = await startModern(t, { answer: finish })
    for (const id of [1, '1', 0, -5, '', 'ü"\\', 9007199254740991]) {
      const answer = await post(call(id))
      await answer.ended
      assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json; charset=utf-8'])
      assert.deepEqual(JSON.parse(answer.body()), { jsonrpc: '2.0', id, ...RESULT })
    }
    const [first] = received
    assert.ok(first)
    assert.deepEqual(first.request.params, call(1)['params'])
    assert.deepEqual([first.request.method, first.request.id, first.route, first.caller.principal.user], ['tools/call', 1, { kind: 'server', server: 'echo' }, 'alice'])
    assert.deepEqual(first.request.meta, { protocolVersion: '2026-07-28', clientCapabilities: {}, logLevel: undefined })
    assert.equal(first.request.headers['mcp-name'], 'echo')
    const all = await send(`${bench.url}/mcp`, { body: modern(1, 'tools/list'), headers: { ...bench.headers(), 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' } })
    assert.deepEqual([all.status, received.at(-1)?.route], [200, { kind: 'aggregate' }])
  })

  it('server/discover is one of them', async (t) => {
    const { post, received } = await startModern(t, { answer: finish })
    assert.equal((await post(modern(1, 'server/discover'))).status, 200)
    assert.equal(received[0]?.request.method, 'server/discover')
  })

  it('errors about the request have a status of their own; what a method answers is a 200', async (t) => {
    const statuses: ReadonlyArray<readonly [number, number]> = [
      [-32700, 400], [-32600, 400], [-32020, 400], [-32021, 400], [-32022, 400], [-32601, 404],
      [-32602, 200], [-32603, 200], [50201, 200], [50401, 200], [42901, 200], [-1, 200], [404, 200]
    ]
    let code = 0
    const { post } = await startModern(t, { answer: ({ exchange, request }) => exchange.finish(request.id, { error: { code, message: 'no', data: { why: 1 } } }) })
    for (const [wanted, status] of statuses) {
      code = wanted
      const answer = await post(call('e'))
      await answer.ended
      assert.deepEqual([answer.status, JSON.parse(answer.body())], [status, { jsonrpc: '2.0', id: 'e', error: { code, message: 'no', data: { why: 1 } } }])
    }
  })

  it('refusals keep the status and the headers of their row', async (t) => {
    const refusals: ReadonlyArray<readonly [ErrorCode, ConstructorParameters<typeof GatewayError>[1], number, Readonly<Record<string, string>>]> = [
      ['GW_LIMIT_RATE', { retryAfterS: 7, rateLimit: { limit: 100, remaining: 0, resetS: 7 } }, 429, { 'retry-after': '7', 'ratelimit-limit': '100', 'ratelimit-remaining': '0', 'ratelimit-reset': '7' }],
      ['GW_DRAINING', { retryAfterS: 1 }, 503, { 'retry-after': '1', connection: 'close' }],
      ['GW_LIMIT_WORKERS', {}, 503, { 'retry-after': '1' }],
      ['GW_AUTH_SCOPE', { scopes: ['tools:call'] }, 403, {}],
      ['GW_PROTOCOL_METHOD', {}, 404, {}],
      ['GW_PROTOCOL_CAPABILITY', { data: { requiredCapabilities: { sampling: {} } } }, 400, {}]
    ]
    let error = new GatewayError('GW_INTERNAL')
    const { post } = await startModern(t, { answer: ({ exchange, request }) => exchange.refuse(error, request.id) })
    for (const [code, details, status, headers] of refusals) {
      error = new GatewayError(code, details)
      const answer = await post(call('r'))
      await answer.ended
      assert.equal(answer.status, status, code)
      const { id, error: body } = JSON.parse(answer.body()) as { id: unknown, error: { code: number, data?: unknown } }
      assert.deepEqual([id, body.code, body.data], ['r', error.row.rpcCode, details?.data])
      for (const [name, value] of Object.entries(headers)) assert.equal(answer.headers[name], value, `${code}: ${name}`)
    }
  })

  it('is answered once, whatever the gateway says afterwards', async (t) => {
    const { post } = await startModern(t, {
      answer: (one) => {
        finish(one)
        one.exchange.emit(notificationText('notifications/progress'))
        one.exchange.finish(one.request.id, { error: { code: -32603, message: 'again' } })
        one.exchange.refuse(new GatewayError('GW_INTERNAL'), one.request.id)
        one.exchange.drop()
      }
    })
    const answer = await post(call(1))
    await answer.ended
    assert.deepEqual([answer.status, answer.messages().length, answer.messages()[0]?.error], [200, 1, undefined])
  })

  it('that was dropped is 202 and nothing', async (t) => {
    const { post } = await startModern(t, { answer: ({ exchange }) => exchange.drop() })
    const answer = await post(call(1))
    await answer.ended
    assert.deepEqual([answer.status, answer.body()], [202, ''])
  })
})
