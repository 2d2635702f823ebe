import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toModern } from '../../../src/bridge/index.ts'
import { META, type JsonObject } from '../../../src/protocol/index.ts'

const serverInfo = { name: 'theirs', version: '1' }
const INFO = { [META.serverInfo]: serverInfo }
const content = [{ type: 'text', text: 'a' }]

describe('a reply for a client of the modern era (MCP 2026-07-28)', () => {
  it('is handed on as it is where nothing is missing', () => {
    for (const result of [{ content, resultType: 'complete', _meta: INFO }, { content, resultType: 'complete', _meta: { ...INFO, more: 1 } }, { resultType: 'input_required', inputRequests: {}, _meta: INFO }]) {
      const reply = { result }
      assert.equal(toModern('tools/call', reply, { era: 'modern', serverInfo }), reply)
      assert.equal(toModern('tools/call', reply, { era: 'modern', serverInfo: undefined }), reply)
    }
  })

  it('gets what is missing, in a copy', () => {
    const rows: ReadonlyArray<readonly [string, 'legacy' | 'modern', JsonObject, JsonObject]> = [
      ['tools/call', 'modern', { content }, { content, resultType: 'complete', _meta: INFO }],
      ['tools/call', 'modern', { content, resultType: 'complete', _meta: { more: 1 } }, { content, resultType: 'complete', _meta: { more: 1, ...INFO } }],
      ['tools/call', 'legacy', { content }, { content, resultType: 'complete', _meta: INFO }],
      // A session-era server knows no such member: what it says there means nothing.
      ['tools/call', 'legacy', { content, resultType: 'input_required', _meta: INFO }, { content, resultType: 'complete', _meta: INFO }],
      ['tools/list', 'modern', { tools: [], resultType: 'complete', _meta: INFO }, { tools: [], resultType: 'complete', ttlMs: 10_000, cacheScope: 'private', _meta: INFO }],
      ['tools/list', 'modern', { tools: [], resultType: 'complete', ttlMs: 900_000.5, cacheScope: 'public', _meta: INFO }, { tools: [], resultType: 'complete', ttlMs: 300_000, cacheScope: 'private', _meta: INFO }],
      ['resources/read', 'modern', { contents: [], resultType: 'complete', _meta: INFO }, { contents: [], resultType: 'complete', ttlMs: 0, cacheScope: 'private', _meta: INFO }],
      ['resources/read', 'modern', { resultType: 'input_required', inputRequests: {} }, { resultType: 'input_required', inputRequests: {}, _meta: INFO }]
    ]
    for (const [method, era, result, wanted] of rows) {
      const before = structuredClone(result)
      assert.deepEqual(toModern(method, { result }, { era, serverInfo }), { result: wanted })
      assert.deepEqual(result, before)
    }
  })

  it('is no answer when it is of a kind that was not asked for', () => {
    assert.ok(toModern('tools/call', { result: { resultType: 'task', taskId: 'x', _meta: INFO } }, { era: 'modern', serverInfo }).error !== undefined)
    const task = { result: { resultType: 'task', taskId: 'x', _meta: INFO } }
    assert.equal(toModern('tools/call', task, { era: 'modern', serverInfo, mayMakeTask: true }), task)
  })
})
