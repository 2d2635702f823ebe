import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createParser } from 'eventsource-parser'
import { errorReply, lineSafe, notificationText, parseBody, requestText, responseText, SSE_KEEPALIVE, sseEndpoint, sseMessage, ssePriming, toJsonRpcError, writable } from '../../../src/protocol/index.ts'
import type { JsonRpcId } from '../../../src/protocol/index.ts'
import { ERRORS, GatewayError } from '../../../src/shared/errors.ts'
import { seeded } from '../../helpers/random.ts'
import { randomString, comparableValue } from './random-json.ts'

const nasty = 'x\n{"jsonrpc":"2.0","id":9,"method":"tools/call"}\r\u0000\u0085\u2028\u2029\ud800"\\'

describe('message texts', () => {
  test('literal forms', () => {
    assert.equal(responseText(1, { result: { a: [1] } }), '{"jsonrpc":"2.0","id":1,"result":{"a":[1]}}')
    assert.equal(responseText('1', { error: { code: -32601, message: 'Method not found' } }), '{"jsonrpc":"2.0","id":"1","error":{"code":-32601,"message":"Method not found"}}')
    assert.equal(responseText(null, { error: { code: 1, message: '', data: {} } }), '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"","data":{}}}')
    assert.equal(responseText('a"b', { result: undefined }), '{"jsonrpc":"2.0","id":"a\\"b","result":null}')
    assert.equal(requestText(7, 'ping'), '{"jsonrpc":"2.0","id":7,"method":"ping"}')
    assert.equal(requestText('7', 'a', { b: 1 }), '{"jsonrpc":"2.0","id":"7","method":"a","params":{"b":1}}')
    assert.equal(notificationText('n', {}), '{"jsonrpc":"2.0","method":"n","params":{}}')
    assert.equal(notificationText('n'), '{"jsonrpc":"2.0","method":"n"}')
  })

  test('whatever stands in a message, its text is one line and means the same (T38)', () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const random = seeded(seed)
      const value: unknown = JSON.parse(JSON.stringify(JSON.parse(comparableValue(random, 4).text))) // once through, so that -0 is 0
      const id: JsonRpcId = random() < 0.5 ? seed : randomString(random).slice(0, 200)
      const params = { value, nasty, [nasty]: nasty }
      for (const text of [requestText(id, nasty, params), notificationText(nasty, params), lineSafe(responseText(id, { result: params }))]) {
        assert.doesNotMatch(text, /[\n\r\u0000\u0085\u2028\u2029]/) // eslint-disable-line no-control-regex
        const back = JSON.parse(text) as { params?: unknown, result?: unknown }
        assert.deepEqual(back.params ?? back.result, params)
      }
      const parsed = parseBody(Buffer.from(requestText(id, 'm', { arguments: params })))
      assert.ok(parsed.ok && parsed.value.kind === 'single' && parsed.value.ranges.spliceable)
    }
  })

  test('an answer that JSON.stringify has no stack for becomes an error under the same id (T39)', () => {
    const deep: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000))
    const broken = errorReply('GW_UPSTREAM_PROTOCOL')
    assert.throws(() => JSON.stringify(deep), RangeError)
    assert.equal(responseText('x', { result: { deep } }), responseText('x', broken))
    assert.equal(responseText(7, { error: { code: 1, message: '', data: deep } }), responseText(7, broken))
  })

  test('a result keeps own members that look like a prototype', () => {
    const result: unknown = JSON.parse('{"__proto__":{"admin":true}}')
    assert.equal(responseText(1, { result }), '{"jsonrpc":"2.0","id":1,"result":{"__proto__":{"admin":true}}}')
  })
})

describe('errors', () => {
  test('number, public sentence, public data; never the reason', () => {
    const error = new GatewayError('GW_LIMIT_RATE', { reason: 'secret', data: { limit: 5 }, retryAfterS: 3 }, new Error('inner'))
    assert.deepEqual(toJsonRpcError(error), { code: 42901, message: ERRORS.GW_LIMIT_RATE.message, data: { limit: 5 } })
    assert.deepEqual(toJsonRpcError(new GatewayError('GW_ROUTE_TOOL', { publicMessage: 'Unknown tool: x' })), { code: -32602, message: 'Unknown tool: x' })
    assert.deepEqual(errorReply('GW_PROTOCOL_METHOD'), { error: { code: -32601, message: 'Method not found' } })
    assert.deepEqual(errorReply('GW_SESSION_NOT_FOUND', { reason: 'r' }), { error: { code: -32001, message: 'Session not found' } })
  })
})

describe('SSE frames', () => {
  /** What a client's parser makes of a stream. */
  function events (stream: string): unknown[] {
    const seen: unknown[] = []
    const parser = createParser({ onEvent: (event) => seen.push({ ...event }), onRetry: (retryMs) => seen.push({ retryMs }), onError: (error) => seen.push(error) })
    parser.feed(stream)
    return seen
  }

  test('literal forms', () => {
    assert.equal(sseMessage('{}'), 'event: message\ndata: {}\n\n')
    assert.equal(sseMessage('{}', 's-1'), 'event: message\nid: s-1\ndata: {}\n\n')
    assert.equal(ssePriming('s-0', 1000), 'id: s-0\nretry: 1000\ndata: \n\n')
    assert.equal(sseEndpoint('/messages/?session_id=a'), 'event: endpoint\ndata: /messages/?session_id=a\n\n')
    assert.match(SSE_KEEPALIVE, /^:.*\n\n$/)
  })

  test('large texts become their UTF-8 bytes, small ones stay', () => {
    for (const unit of ['a', 'é', '\u2028', '✂', '😀', '\ud800']) {
      const text = unit.repeat(100_000)
      assert.equal(writable(unit), unit)
      const bytes = writable(text)
      assert.ok(Buffer.isBuffer(bytes) && bytes.equals(Buffer.from(text, 'utf8')), unit)
    }
  })

  test('a real parser reads them back one by one', () => {
    const json = responseText(1, { result: { nasty, lines: 'a\r\nb' } })
    const stream = ssePriming('s-0', 1500) + SSE_KEEPALIVE + sseMessage(json, 's-1') + SSE_KEEPALIVE + sseMessage(json) + sseEndpoint('/m?x=1')
    assert.deepEqual(events(stream), [
      { retryMs: 1500 },
      { id: 's-0', event: undefined, data: '' },
      { id: 's-1', event: 'message', data: json },
      { id: undefined, event: 'message', data: json },
      { id: undefined, event: 'endpoint', data: '/m?x=1' }
    ])
  })
})
