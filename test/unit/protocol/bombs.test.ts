import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseBody } from '../../../src/protocol/index.ts'

const call = (argument: string) => Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${argument}}}`)

/** Milliseconds for one parse, best of three: a bound on the code, not on the machine's mood. */
function bestMs (body: Buffer): number {
  return Math.min(...[1, 2, 3].map(() => {
    const from = performance.now()
    parseBody(body)
    return performance.now() - from
  }))
}

describe('body bombs (T30)', () => {
  const deep = 1_000_000
  for (const [name, body] of [
    ['arrays', Buffer.from('['.repeat(deep))],
    ['balanced arrays', Buffer.from('['.repeat(deep) + ']'.repeat(deep))],
    ['params in params', Buffer.from('{"params":'.repeat(deep / 4))],
    ['_meta in _meta', Buffer.from('{"params":{"_meta":'.repeat(deep / 4))],
    ['arguments', call(`${'['.repeat(deep)}${']'.repeat(deep)}`)],
    ['arrays in a batch', Buffer.from(`[${'[{"a":'.repeat(deep / 4)}`)]
  ] as const) {
    test(`depth 1e6, ${name}: refused without recursion and before JSON.parse`, () => {
      const parsed = parseBody(body)
      assert.ok(!parsed.ok)
      assert.deepEqual([parsed.error.code, parsed.error.reason], ['GW_PROTOCOL_SHAPE', 'nested too deeply'])
      assert.ok(bestMs(body) < 50)
    })
  }

  test('1e6 members are refused at the bound', () => {
    for (const body of [call(`{${'"a":1,'.repeat(1_000_000)}"b":1}`), call(`[${'{"a":1},'.repeat(400_000)}0]`), Buffer.from(`{${Array.from({ length: 200_000 }, (_, index) => `"k${index}":1`).join()}}`)]) {
      const parsed = parseBody(body)
      assert.ok(!parsed.ok)
      assert.equal(parsed.error.reason, 'too many members')
    }
  })
})

describe('4 MiB bodies', () => {
  const size = 4 * 1024 * 1024
  const texts: Record<string, string> = {
    'one long string': `"${'x'.repeat(size)}"`,
    'escaped quotes': `"${'\\"'.repeat(size / 2)}"`,
    backslashes: `"${'\\\\'.repeat(size / 2)}"`,
    'odd runs of backslashes': `"${`${'\\\\'.repeat(40)}\\"`.repeat(size / 82)}"`,
    'many numbers': `[${'0,'.repeat(size / 2)}0]`,
    'many strings': `[${'"",'.repeat(size / 3)}0]`,
    'many strings of 50': `[${`"${'s'.repeat(50)}",`.repeat(size / 53)}0]`,
    'two-byte characters': `"${'é'.repeat(size / 2)}"`,
    'line separators': `"${'\u2028'.repeat(size / 3)}"`
  }
  for (const [name, text] of Object.entries(texts)) {
    test(`${name}: parsed as JSON.parse does, in linear time`, () => {
      const body = call(text)
      const parsed = parseBody(body)
      assert.ok(parsed.ok && parsed.value.kind === 'single' && parsed.value.message.kind === 'request')
      const { params } = parsed.value.message
      assert.ok(JSON.stringify(params) === JSON.stringify((JSON.parse(body.toString()) as { params: unknown }).params))
      assert.equal(parsed.value.ranges.paramsEnd, body.length - 1)
    })
  }

  test('an unterminated string of escaped quotes is refused in linear time', () => {
    const parsed = parseBody(call(`"${'\\"'.repeat(size / 2)}`))
    assert.ok(!parsed.ok)
    assert.equal(parsed.error.code, 'GW_PROTOCOL_PARSE')
  })
})
