import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { responseOf, textOf } from '../helpers/legacy-wire.ts'
import { call, modern, startModern } from './modern-parts.ts'

describe('modern headers against the body (T35)', () => {
  it('whatever disagrees never reaches the gateway', async (t) => {
    const { post, received } = await startModern(t)
    const vectors: ReadonlyArray<readonly [string, Readonly<Record<string, string | readonly string[] | undefined>>]> = [
      ['another tool', { 'mcp-name': 'allowed_tool' }],
      ['no tool', { 'mcp-name': undefined }],
      ['the tool twice', { 'mcp-name': ['echo', 'echo'] }],
      ['another method', { 'mcp-method': 'tools/list' }],
      ['no method', { 'mcp-method': undefined }],
      ['a method in capitals', { 'mcp-method': 'TOOLS/CALL' }],
      ['bad base64', { 'mcp-name': '=?base64?ZWNobw=?=' }],
      ['letters that are none of base64', { 'mcp-name': '=?base64?ZW*obw==?=' }],
      ['another tool in base64', { 'mcp-name': '=?base64?YWxsb3dlZA==?=' }],
      ['an older version', { 'mcp-protocol-version': '2025-11-25' }],
      ['no version', { 'mcp-protocol-version': undefined }],
      ['the version twice', { 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] }],
      ['two versions', { 'mcp-protocol-version': ['2026-07-28', '2025-11-25'] }]
    ]
    for (const [what, headers] of vectors) {
      const answer = await post(call('t35'), headers)
      await answer.ended
      assert.deepEqual([answer.status, answer.messages()[0]?.id, answer.messages()[0]?.error?.code], [400, 't35', -32020], what)
    }
    assert.equal(received.length, 0)
  })

  it('several lines are not one, although the body names both', async (t) => {
    const { post, received } = await startModern(t, { answer: ({ exchange, request }) => exchange.finish(request.id, { result: {} }) })
    const body = modern(1, 'tools/call', { name: 'read, write', arguments: { region: 'eu, us' } })
    for (const headers of [{ 'mcp-name': ['read', 'write'] }, { 'Mcp-Name': 'read, write', 'mcp-param-region': ['eu', 'us'] }] as const) {
      const answer = await post(body, headers)
      await answer.ended
      assert.deepEqual([answer.status, answer.messages()[0]?.error?.code], [400, -32020])
    }
    assert.equal(received.length, 0)
    assert.equal((await post(body, { 'mcp-name': 'read, write' })).status, 200)
  })

  it('a header without a claim in the body is refused: an intermediary may have believed it', async (t) => {
    const { post, received } = await startModern(t)
    for (const body of [{ jsonrpc: '2.0', id: 'h', method: 'tools/call', params: { name: 'echo' } }, { jsonrpc: '2.0', id: 'h', method: 'tools/list' }]) {
      const answer = await post(body)
      await answer.ended
      assert.deepEqual([answer.status, answer.messages()[0]?.id, answer.messages()[0]?.error?.code], [400, 'h', -32602])
    }
    const hello = await post({ jsonrpc: '2.0', id: 'h', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } })
    await hello.ended
    assert.deepEqual([hello.status, hello.messages()[0]?.error?.code, hello.headers['mcp-session-id']], [400, -32020, undefined])
    assert.equal(received.length, 0)
  })

  it('in a 2025-11-25 session the same headers mean nothing', async (t) => {
    const { bench, received } = await startModern(t)
    const client = bench.wire()
    await client.open()
    const body = { jsonrpc: '2.0', id: 'old', method: 'tools/call', params: { name: 'echo', arguments: { text: 'still' } } }
    for (const headers of [{ 'mcp-method': 'TOOLS/LIST', 'mcp-name': 'another' }, { 'mcp-name': '=?base64?!?=', 'mcp-param-x': 'y' }]) {
      const answer = await client.post(body, headers)
      assert.deepEqual([answer.status, textOf(await responseOf(answer, 'old'))], [200, 'still'])
    }
    assert.equal(received.length, 0)
  })
})
