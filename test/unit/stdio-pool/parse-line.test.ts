import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LARGE_MEMBER_BYTES, rawMember, rawMembers } from '../../../src/protocol/index.ts'
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

describe('a large line of stdout (T34, T39)', () => {
  const text = 'x'.repeat(LARGE_MEMBER_BYTES)
  const answer = (content: string): string => `{"jsonrpc":"2.0","id":1,"result":{"content":${content},"isError":true}}`
  const contentOf = (line: ReturnType<typeof parseLine>): Buffer | undefined => typeof line === 'string' ? undefined : rawMember(line['result'] ?? {}, 'content')

  it('keeps the content of an answer as the bytes that came', () => {
    const content = `[{"type":"text","text":"${text}é\u2028\\n","n":1e400}]`
    const line = parse(answer(content))
    assert.equal(contentOf(line)?.toString(), content)
    assert.deepEqual(line, JSON.parse(answer(content)))
  })

  it('is a value as a whole when it is anything else', () => {
    for (const line of [answer(`[{"text":"${text}"}],"content":[1]`), answer(`[{"text":"${text}"}\r]`), `{"method":"m","params":{"content":["${text}"]}}`, `{"id":1,"error":{"content":["${text}"]}}`, `\uFEFF${answer(`["${text}"]`)}`]) {
      const message = parse(line)
      assert.deepEqual(message, JSON.parse(line.replace('\uFEFF', '')))
      assert.equal(contentOf(message), undefined)
    }
  })

  for (const [name, content] of [
    ['a raw NUL', `["\0${text}"]`], ['a raw tab', `["${text}\t"]`], ['a raw escape character', `["${text}\x1b[0m"]`], ['a lone carriage return in a string', `["\r${text}"]`], ['an escape that is none', `["${text}\\x"]`],
    ['no end', `["${text}`], ['brackets of two kinds', `[{"a":"${text}"]}`], ['a second value', `["${text}"]["${text}"]`], ['single quotes', `['${text}']`], ['NaN', `["${text}",NaN]`], ['a trailing comma', `["${text}",]`]
  ] as const) {
    it(`is noise with ${name}`, () => assert.equal(parse(answer(content)), 'noise'))
  }

  it('is refused when its UTF-8 is broken, wherever', () => {
    const line = Buffer.from(answer(`["${text}?"]`))
    for (const at of [line.indexOf('?'), line.indexOf('isError'), line.indexOf('xxx')]) {
      for (const strange of [0xC3, 0x80, 0xFF]) {
        const broken = Buffer.from(line)
        broken[at] = strange
        assert.equal(parse(broken), 'invalid_utf8', `${strange} at ${at}`)
      }
    }
  })

  it('nested beyond the bound of bodies is a value: what that costs is its caller\'s', () => {
    const deep = `${'['.repeat(5000)}"${text}"${']'.repeat(5000)}`
    const line = parse(answer(deep))
    assert.ok(typeof line === 'object' && rawMembers(line['result'] as object).length === 0)
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
