import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createNoiseWindow } from '../../../src/stdio-pool/noise-window.ts'
import { parseLine } from '../../../src/stdio-pool/parse-line.ts'

function parse (bytes: Buffer | string): ReturnType<typeof parseLine> {
  const line = Buffer.from(bytes)
  const padded = Buffer.concat([Buffer.from('??'), line, Buffer.from('??')])
  return parseLine(padded, 2, 2 + line.length)
}

describe('a line of stdout', () => {
  it('is a message if it is a JSON object', () => {
    assert.deepEqual(parse('{"a":"é✂😀\u2028"}'), { a: 'é✂😀\u2028' })
    assert.deepEqual(parse(' \t{"a":1}\r'), { a: 1 })
  })

  it('may begin with a byte order mark, as .NET writes it', () => {
    assert.deepEqual(parse('\uFEFF{"a":1}'), { a: 1 })
  })

  it('may hold a real U+FFFD', () => {
    assert.deepEqual(parse('{"a":"\uFFFD"}'), { a: '\uFFFD' })
  })

  for (const noise of ['', 'hello', '{', '{a:1}', '[]', ' [{"a":1}]', '[{"a":1}]', '"a"', '1', 'null', 'true', '{"a":1} x', ' ']) {
    it(`is noise: ${JSON.stringify(noise)}`, () => assert.equal(parse(noise), 'noise'))
  }

  it('is refused when its UTF-8 is broken, even where the JSON would do', () => {
    assert.equal(parse(Buffer.from([0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xC3, 0x22, 0x7D])), 'invalid_utf8')
    assert.equal(parse(Buffer.from([0x7B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x3A, 0x31, 0x7D])), 'invalid_utf8')
  })
})

describe('noise', () => {
  it('is borne up to a number of lines in each window', () => {
    let nowMs = 0
    const window = createNoiseWindow({ nowMs: () => nowMs, wallMs: () => 0 }, 3)
    const count = (lines: number): boolean[] => Array.from({ length: lines }, () => window.count())
    assert.deepEqual(count(4), [false, false, false, true])
    nowMs += 9_999
    assert.deepEqual(count(1), [true])
    nowMs += 1
    assert.deepEqual(count(3), [false, false, false])
  })
})
