import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Reply } from '../../../../src/protocol/index.ts'
import { usableTools } from '../../../../src/upstream/http/usable-tools.ts'

const tool = (name: string, annotation: unknown, type = 'string'): object => ({ name, inputSchema: { type: 'object', properties: { a: { type, ...(annotation === undefined ? undefined : { 'x-mcp-header': annotation }) } } } })

describe('tools of a modern HTTP server (SEP-2243)', () => {
  it('whose annotations break the rules are left out, each counted; the others stay as they are', () => {
    const good = [tool('plain', undefined), tool('mirrored', 'Region'), { name: 'without a schema' }]
    const bad = [tool('empty', ''), tool('spaced', 'My Region'), tool('number', 'Region', 'number'), tool('object', { a: 1 })]
    let dropped = 0
    const reply: Reply = { result: { tools: [good[0], bad[0], good[1], ...bad.slice(1), good[2]], nextCursor: 'x', resultType: 'complete' } }
    const before = JSON.stringify(reply)
    assert.deepEqual(usableTools(reply, () => { dropped++ }), { result: { tools: good, nextCursor: 'x', resultType: 'complete' } })
    assert.equal(dropped, bad.length)
    assert.equal(JSON.stringify(reply), before)
  })

  it('by reference when there is nothing to leave out', () => {
    for (const reply of [{ result: { tools: [tool('mirrored', 'Region')] } }, { result: { tools: 7 } }, { result: null }, { error: { code: 1, message: 'x' } }] as Reply[]) {
      assert.equal(usableTools(reply, () => { throw new Error('nothing to drop') }), reply)
    }
  })
})
