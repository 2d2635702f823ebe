import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { META, withModernMeta, withoutHopMeta, type JsonObject } from '../../../src/protocol/index.ts'
import { envelope } from './modern-parts.ts'

const TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01', tracestate: 'a=b', baggage: 'c=d' }
const FOREIGN = { ...TRACE, 'com.example/x': { y: [1] }, ui: {}, [META.relatedTask]: { taskId: 't' } }

describe('what is said to one hop alone', () => {
  test('nothing to take off: the same object', () => {
    for (const params of [undefined, {}, { name: 'x' }, { name: 'x', _meta: {} }, { _meta: FOREIGN }, { _meta: null }, { _meta: 'x' }]) assert.equal(withoutHopMeta(params), params)
  })

  test('all of it goes, and _meta with it when nothing is left', () => {
    const args = { deep: {} }
    const params = { name: 'x', arguments: args, inputResponses: {}, _meta: envelope({ [META.logLevel]: 'info', [META.subscriptionId]: 1, [META.serverInfo]: {}, progressToken: 'p' }) }
    const before = structuredClone(params)
    const taken = withoutHopMeta(params)
    assert.deepEqual(taken, { name: 'x', arguments: { deep: {} }, inputResponses: {} })
    assert.equal(taken?.['arguments'], args)
    assert.deepEqual(params, before, 'the params themselves are left as they are')
    assert.deepEqual(withoutHopMeta({ _meta: { progressToken: 1 } }), {})
    const call = { name: 'x', arguments: args, _meta: { progressToken: 1 } }
    assert.deepEqual([withoutHopMeta(call), withoutHopMeta({ name: 'x', arguments: args, _meta: call._meta, task: {} }), withoutHopMeta({ name: 'x', uri: 'u', _meta: call._meta })],
      [{ name: 'x', arguments: args }, { name: 'x', arguments: args, task: {} }, { name: 'x', uri: 'u' }])
  })

  test('trace context, tasks and foreign members travel on, by reference', () => {
    const taken = withoutHopMeta({ name: 'x', _meta: { ...envelope({ progressToken: 1 }), ...FOREIGN } })
    assert.deepEqual(taken, { name: 'x', _meta: FOREIGN })
    assert.equal((taken?.['_meta'] as JsonObject)['com.example/x'], FOREIGN['com.example/x'])
  })

  test('no member reaches a prototype (T36)', () => {
    const params = JSON.parse('{"_meta":{"progressToken":1,"__proto__":{"admin":true},"a":1},"__proto__":{"admin":true}}') as JsonObject
    for (const made of [withoutHopMeta(params), withModernMeta(params, { capabilities: {}, clientInfo: {} })] as const) {
      assert.equal((made as { admin?: unknown }).admin, undefined)
      assert.equal((made?.['_meta'] as { admin?: unknown }).admin, undefined)
      assert.equal((made?.['_meta'] as { a?: unknown }).a, 1)
    }
    assert.equal(({} as { admin?: unknown }).admin, undefined)
  })
})

describe('what a modern server is told', () => {
  const hop = { capabilities: { elicitation: {} }, clientInfo: { name: 'drawbridge', version: '1' } }
  const said = { [META.protocolVersion]: '2026-07-28', [META.clientInfo]: hop.clientInfo, [META.clientCapabilities]: hop.capabilities }

  test('by the gateway, never by the client', () => {
    const client = envelope({ [META.clientCapabilities]: { sampling: {} }, [META.logLevel]: 'debug', progressToken: 'theirs' })
    const made = withModernMeta({ name: 'x', _meta: { ...client, ...TRACE } }, hop)
    assert.deepEqual(made, { name: 'x', _meta: { ...said, ...TRACE } })
    assert.equal((made['_meta'] as JsonObject)[META.clientCapabilities], hop.capabilities)
  })

  test('with a level and a token of its own where they are wanted', () => {
    for (const params of [undefined, {}, { _meta: null }, { _meta: { progressToken: 'theirs' } }]) {
      assert.deepEqual(withModernMeta(params, { ...hop, logLevel: 'info', progressToken: 7 }), { _meta: { ...said, [META.logLevel]: 'info', progressToken: 7 } })
    }
  })
})
