import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { LARGE_MEMBER_BYTES, ownersIn, parseBody, rawMember, readLargeAnswer, requestMessage, responseMessage, type JsonObject } from '../../../src/protocol/index.ts'
import { pick, type Random, seeded } from '../../helpers/random.ts'
import { comparableValue } from './random-json.ts'

const FILLERS = ['x', 'é', '日本語', '\\n', '\\"', '\\\\', '\\ud83d\\ude00', 'a line of text\\n', '\\u2028']

/** A string literal that makes its container large. */
function filler (random: Random): string {
  const part = pick(random, FILLERS)
  return `"${part.repeat(Math.ceil(LARGE_MEMBER_BYTES / Buffer.byteLength(part)))}"`
}

const NUMBERS = ['1e400', '-0', '0.1e-400', '12345678901234567890', '1E3']

/** A large object or array with anything in it, duplicates and `__proto__` included. */
function large (random: Random, open: '{' | '['): string {
  const parts = [filler(random), pick(random, NUMBERS), ...Array.from({ length: Math.floor(random() * 4) }, () => comparableValue(random, 4).text)]
  if (random() < 0.5) parts.reverse()
  if (open === '[') return `[${parts.join(',')}]`
  return `{${parts.map((part, index) => `${pick(random, ['"a"', '"a"', '"__proto__"', '"\\u0061"', `"k${index}"`])}:${part}`).join(',')}}`
}

/** One byte changed, lost or too many, or the end cut off. */
function damaged (random: Random, bytes: Buffer): Buffer {
  const at = Math.floor(random() * bytes.length)
  const strange = Buffer.from([pick(random, [0x00, 0x0a, 0x0d, 0x1f, 0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0x30, 0x80, 0xc3, 0xff])])
  const rest = pick(random, [at, at + 1, bytes.length])
  return Buffer.concat([bytes.subarray(0, at), random() < 0.7 ? strange : Buffer.alloc(0), bytes.subarray(rest)])
}

function parsedStrictly (bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** Says no more than where: the values are large. */
function same (one: unknown, other: unknown, where: string): void {
  assert.ok(isDeepStrictEqual(one, other), where)
}

/** What is serialised again has lost the sign of zero and what no double holds. */
const reserialised = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** Bytes that end a line for some reader. */
const BREAKS = ['\n', '\r', '\u0085', '\u2028', '\u2029']

describe('large arguments of a client, spliced into the line for a server (T34, T38; rulings 4)', () => {
  const body = (random: Random): Buffer => {
    const blank = (): string => pick(random, ['', '', '', '', '', '', '', ' ', '\n'])
    const members = [`"name":${blank()}"t"`, `"arguments"${blank()}:${large(random, '{')}`, `"x-own":${comparableValue(random, 2).text}`, '"_meta":{"progressToken":1,"keep":[1]}']
    return Buffer.from(`{${blank()}"jsonrpc":"2.0","id":"é","method":"tools/call","params":{${members.slice(0, 2 + Math.floor(random() * 3)).join(',')}}}`)
  }

  it('the server gets what JSON.parse and JSON.stringify would have given it', () => {
    const random = seeded(1)
    let raw = 0
    for (let round = 0; round < 1500; round++) {
      const bytes = body(random)
      const expected = JSON.parse(bytes.toString()) as { params: JsonObject }
      const parsed = parseBody(bytes)
      if (!parsed.ok) {
        assert.match(parsed.error.reason, /disguised|duplicate|prototype/, `round ${round}`)
        continue
      }
      assert.ok(parsed.value.kind === 'single' && parsed.value.message.kind === 'request')
      const { message, ranges } = parsed.value
      assert.equal(rawMember(message.params ?? {}, 'arguments') !== undefined, ranges.spliceable, `round ${round}`)
      const text = requestMessage(5, message.method, message.params)
      const line = typeof text === 'string' ? Buffer.from(text) : text.toBuffer()
      if (typeof text !== 'string') {
        raw++
        assert.equal(line.toString(), String(text))
        assert.equal(line.length, text.bytes)
      }
      for (const end of BREAKS) assert.ok(!line.includes(end), `round ${round}`)
      const received = JSON.parse(line.toString()) as { params: JsonObject }
      same(reserialised(received), reserialised({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: expected.params }), `round ${round}`)
      if (typeof text !== 'string') same(received.params['arguments'], expected.params['arguments'], `round ${round}`)
      same(message.params, expected.params, `round ${round}`)
    }
    assert.ok(raw > 100, `${raw} spliced`)
  })

  it('nothing that is no JSON gets through, wherever it is broken', () => {
    const random = seeded(2)
    const seen = { json: 0, other: 0 }
    for (let round = 0; round < 3000; round++) {
      const bytes = damaged(random, body(random))
      const value = parsedStrictly(bytes)
      seen[value === undefined ? 'other' : 'json']++
      const parsed = parseBody(bytes)
      if (value === undefined) {
        assert.ok(!parsed.ok, `round ${round}`)
        continue
      }
      if (!parsed.ok || parsed.value.kind !== 'single' || parsed.value.message.kind !== 'request') continue
      const line = String(requestMessage(5, 'm', parsed.value.message.params))
      same(reserialised(JSON.parse(line)), reserialised({ jsonrpc: '2.0', id: 5, method: 'm', params: (value as { params: unknown }).params }), `round ${round}`)
    }
    assert.ok(seen.json > 300 && seen.other > 300, JSON.stringify(seen))
  })

  const smuggled = 'x'.repeat(LARGE_MEMBER_BYTES)
  for (const [name, args, isRaw] of [
    ['a line feed between tokens', `{"a":"${smuggled}",\n"b":1}`, false],
    ['a lone carriage return between tokens', `{"a":"${smuggled}"\r}`, false],
    ['a tab between tokens', `{\t"a":"${smuggled}"}`, false],
    ['U+2028 in a string', `{"a":"${smuggled}\u2028"}`, false],
    ['U+2029 in a key', `{"a\u2029":"${smuggled}"}`, false],
    ['U+0085 in a string', `{"a":"\u0085${smuggled}"}`, false],
    ['escaped line ends', `{"a":"${smuggled}\\n\\r\\u2028\\u0085\\u0000"}`, true],
    ['spaces between tokens', `{ "a" : "${smuggled}" }`, true]
  ] as const) {
    it(`${name}: ${isRaw ? 'spliced' : 'serialised again'}, one line either way`, () => {
      const parsed = parseBody(Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args}}}`))
      assert.ok(parsed.ok && parsed.value.kind === 'single' && parsed.value.message.kind === 'request')
      const { params } = parsed.value.message
      assert.equal(rawMember(params ?? {}, 'arguments') !== undefined, isRaw)
      const line = String(requestMessage(1, 'm', params))
      for (const end of BREAKS) assert.ok(!line.includes(end))
      assert.deepEqual((JSON.parse(line) as { params: unknown }).params, { name: 't', arguments: JSON.parse(args) as unknown })
    })
  }

  for (const [name, args] of [
    ['a raw line feed in a string', `{"a":"${smuggled}\n"}`], ['a raw NUL in a string', `{"a":"\0${smuggled}"}`], ['a raw carriage return in a key', `{"a\r":"${smuggled}"}`],
    ['brackets of two kinds', `{"a":["${smuggled}"}]`], ['a second value', `{"a":"${smuggled}"}{}`], ['no end', `{"a":"${smuggled}`], ['an escape that is none', `{"a":"${smuggled}\\x"}`],
    ['a byte order mark', `\uFEFF{"a":"${smuggled}"}`], ['a trailing comma', `{"a":"${smuggled}",}`], ['a bare word', `{"a":"${smuggled}","b":undefined}`]
  ] as const) {
    it(`${name} is not JSON`, () => {
      const parsed = parseBody(Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args}}}`))
      assert.ok(!parsed.ok && parsed.error.code === 'GW_PROTOCOL_PARSE')
    })
  }

  it('invalid UTF-8 in them is refused', () => {
    const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":"${smuggled}?"}}}`)
    body[body.indexOf('?')] = 0xc3
    const parsed = parseBody(body)
    assert.ok(!parsed.ok && parsed.error.reason === 'not UTF-8')
  })

  it('small arguments, and large ones that are no object, are values', () => {
    for (const args of ['{"a":1}', `["${smuggled}"]`, `"${smuggled}"`]) {
      const parsed = parseBody(Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args}}}`))
      assert.ok(parsed.ok && parsed.value.kind === 'single' && parsed.value.message.kind === 'request')
      assert.equal(rawMember(parsed.value.message.params ?? {}, 'arguments'), undefined)
    }
  })
})

describe('large results of a server, spliced into the answer for a client (T34, T39)', () => {
  const result = (random: Random): string => {
    const members = [`"content":${large(random, '[')}`, `"structuredContent":${large(random, '{')}`, '"isError":true', `"_meta":${comparableValue(random, 3).text}`, `"own":${comparableValue(random, 3).text}`, '"content":[]', '"__proto__":{"a":1}', '"contents":5', '"cont\\u0065nt":[1]']
    const chosen = members.filter(() => random() < 0.45)
    return `{${(random() < 0.5 ? chosen : chosen.reverse()).join(pick(random, [',', ', ']))}}`
  }
  const line = (random: Random): Buffer => {
    const parts = ['"jsonrpc":"2.0"', '"id":42', `"result":${result(random)}`, ...(random() < 0.1 ? ['"method":"x"'] : []), ...(random() < 0.1 ? ['"result":{}'] : []), ...(random() < 0.2 ? ['"error":null'] : [])]
    if (random() < 0.5) parts.reverse()
    return Buffer.from(`{${parts.join(',')}}${pick(random, ['', '', '\r', ' '])}`)
  }

  it('the client gets what JSON.parse and JSON.stringify would have given it, under its own id', () => {
    const random = seeded(3)
    let raw = 0
    for (let round = 0; round < 3000; round++) {
      const bytes = line(random)
      const expected = JSON.parse(bytes.toString()) as { result: unknown }
      const message = readLargeAnswer(bytes)
      if (message === undefined) continue
      raw++
      const text = responseMessage('é"', { result: message['result'] })
      assert.notEqual(typeof text, 'string')
      const answer = typeof text === 'string' ? '' : text.toBuffer().toString()
      assert.equal(answer, String(text))
      assert.doesNotMatch(answer, /[\r\n]/)
      same(reserialised(JSON.parse(answer)), reserialised({ jsonrpc: '2.0', id: 'é"', result: expected.result }), `round ${round}`)
      same(message, expected, `round ${round}`)
    }
    assert.ok(raw > 100, `${raw} spliced`)
  })

  it('a line that is no JSON is never taken for an answer', () => {
    const random = seeded(4)
    const seen = { json: 0, other: 0 }
    for (let round = 0; round < 5000; round++) {
      const bytes = damaged(random, line(random))
      const expected = parsedStrictly(bytes)
      seen[expected === undefined ? 'other' : 'json']++
      const message = readLargeAnswer(bytes)
      if (message !== undefined) same(message, expected, `round ${round}`)
    }
    assert.ok(seen.json > 300 && seen.other > 300, JSON.stringify(seen))
  })

  it('leaves to JSON.parse what is no plain answer: requests, line ends between tokens, two of one member, a byte order mark', () => {
    const content = `[{"type":"text","text":"${'x'.repeat(LARGE_MEMBER_BYTES)}"}]`
    assert.ok(readLargeAnswer(Buffer.from(`{"id":1,"result":{"content":${content}}}`)))
    assert.ok(readLargeAnswer(Buffer.from(`{"id":1,"result":{"content":${content},"isError":true}}\r`)))
    for (const text of [
      `{"id":1,"method":"m","result":{"content":${content}}}`, `{"id":1,"result":{"content":${content},\r"a":1}}`, `{"id":1,"result":{"content":[\r${content}]}}`,
      `{"id":1,"result":{"content":[],"content":${content}}}`, `{"id":1,"result":{"content":${content}},"result":{"content":${content}}}`, `{"id":1,"result":{"content":${content},"conten\\u0074":[]}}`,
      `\uFEFF{"id":1,"result":{"content":${content}}}`, `{"id":1,"result":{"content":${content}}} x`, `{"id":1,"result":{"content":"${content.replaceAll('"', '')}"}}`, `{"id":1,"result":[{"content":${content}}]}`
    ]) assert.equal(readLargeAnswer(Buffer.from(text)), undefined, text.slice(0, 60))
  })

  it('frees the memory of a line that has it to itself, and of no other: several answers may lie in what one read brought', () => {
    const line = Buffer.from(`{"id":1,"result":{"content":["${'x'.repeat(LARGE_MEMBER_BYTES)}"],"structuredContent":{"a":"${'y'.repeat(LARGE_MEMBER_BYTES)}"}}}`)
    const ownersOf = (bytes: Buffer): number => ownersIn(readLargeAnswer(bytes)?.['result'] as JsonObject).length
    const alone = Buffer.allocUnsafeSlow(line.length)
    line.copy(alone)
    const two = Buffer.concat([line, line, Buffer.from('\n')])
    assert.deepEqual([ownersOf(alone), ownersOf(two.subarray(0, line.length)), ownersOf(two.subarray(line.length, 2 * line.length))], [1, 0, 0])
  })

  it('looks at no more members of a body than its bound, and at as many of an answer as there are', () => {
    const rows = `[${Array.from({ length: 20_000 }, (_, index) => `{"a":${index}}`).join()}]`
    assert.ok(readLargeAnswer(Buffer.from(`{"id":1,"result":{"content":[],"structuredContent":{"rows":${rows}}}}`)))
    const parsed = parseBody(Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"rows":${rows}}}}`))
    assert.ok(!parsed.ok && parsed.error.reason === 'too many members')
  })
})
