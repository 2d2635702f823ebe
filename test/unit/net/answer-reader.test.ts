import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cut, latin1, readNodes, readOurs, seeded } from './answers.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
/** Answers that everybody reads alike: bytes, status, body, and bytes that are left over. */
const VALID: ReadonlyArray<readonly [string, number, string, number?]> = [
  [`${OK}Content-Type: application/json\r\nContent-Length: 5\r\n\r\nhello`, 200, 'hello'],
  [`${OK}content-length:5\r\nx-empty:\r\nx-blank: \t \r\nx-odd: \t a \xff:b\t\r\n\r\nhello`, 200, 'hello'],
  [`${OK}Content-Length: 0\r\n\r\n`, 200, ''],
  [`${OK}\r\nuntil the end\r\n\r\n`, 200, 'until the end\r\n\r\n'],
  ['HTTP/1.0 200 OK\r\n\r\nold', 200, 'old'],
  ['HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
  ['HTTP/1.1 404 Not  Found \xe9\r\nContent-Length: 2\r\n\r\nno', 404, 'no'],
  [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`, 200, 'ok'],
  ['HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
  ['HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n', 304, ''],
  [`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 200, ''],
  [`${OK}transfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n1A;name=value;other;more=x\r\n${'x'.repeat(26)}\r\n000\r\nX-Trailer: t\r\n\r\n`, 200, `hello${'x'.repeat(26)}`],
  [`${OK}Transfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n`, 200, '\r\n'],
  [`${OK}Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n`, 200, 'ok', 17],
  [`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nrest`, 200, 'a', 4]
]

/** What could be read in two ways, or is no HTTP/1.1 (T49). */
const MALFORMED: Readonly<Record<string, string>> = {
  'two lengths': `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  'the same length twice': `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  'a list of lengths': `${OK}Content-Length: 5, 5\r\n\r\nhello`,
  'a signed length': `${OK}Content-Length: +5\r\n\r\nhello`,
  'a negative length': `${OK}Content-Length: -1\r\n\r\n`,
  'a hexadecimal length': `${OK}Content-Length: 0x5\r\n\r\nhello`,
  'a length with a fraction': `${OK}Content-Length: 5.0\r\n\r\nhello`,
  'an empty length': `${OK}Content-Length:\r\n\r\nhello`,
  'a length beyond all numbers': `${OK}Content-Length: 99999999999999999999\r\n\r\nhello`,
  'length and chunks': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunks and length': `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  'another transfer coding': `${OK}Transfer-Encoding: gzip\r\n\r\nx`,
  'a second transfer coding': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'chunked twice': `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunked and identity': `${OK}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  'a coding that only looks like it': `${OK}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'a coding in quotes': `${OK}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`,
  'no coding': `${OK}Transfer-Encoding:\r\n\r\n0\r\n\r\n`,
  'chunks of HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a blank before the colon': `${OK}Content-Length : 5\r\n\r\nhello`,
  'a folded line': `${OK}X-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello`,
  'a folded first line': `${OK} X-A: b\r\n\r\nhello`,
  'a line without a colon': `${OK}nonsense\r\n\r\n`,
  'a line without a name': `${OK}: x\r\n\r\n`,
  'a name with a control character': `${OK}X\x01: x\r\n\r\n`,
  'a name beyond ASCII': `${OK}X\xe9: x\r\n\r\n`,
  'a value with NUL': `${OK}X: a\0b\r\n\r\n`,
  'a value with DEL': `${OK}X: a\x7fb\r\n\r\n`,
  'a bare CR': `${OK}X: a\rb\r\n\r\n`,
  'a bare CR at the end of a value': `${OK}X: a\r\r\n\r\n`,
  'a bare LF': `${OK}X: a\nContent-Length: 5\r\n\r\nhello`,
  'bare LFs only': 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello',
  'an upgrade': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'an interim answer of HTTP/1.0': `HTTP/1.0 100 Continue\r\n\r\n${OK}\r\n`,
  'an interim answer that ends the connection': `HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n${OK}\r\n`,
  'no body, but a length that is none': 'HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n',
  'another version': 'HTTP/2.0 200 OK\r\n\r\n',
  'version 1.2': 'HTTP/1.2 200 OK\r\n\r\n',
  'a version in small letters': 'http/1.1 200 OK\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'a status of zero': 'HTTP/1.1 000 OK\r\n\r\n',
  'two blanks before the status': 'HTTP/1.1  200 OK\r\n\r\n',
  'an empty line first': `\r\n${OK}\r\n`,
  'another protocol': 'SSH-2.0-OpenSSH_9\r\n\r\n',
  'a request': 'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'a chunk without a size': `${OK}Transfer-Encoding: chunked\r\n\r\n\r\n0\r\n\r\n`,
  'a chunk size with a sign': `${OK}Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n`,
  'a chunk size with 0x': `${OK}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`,
  'a chunk size with a blank': `${OK}Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n`,
  'a blank before a chunk size': `${OK}Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n`,
  'a chunk size that wraps around': `${OK}Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n`,
  'a chunk size that ends with LF': `${OK}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`,
  'a chunk extension that ends with LF': `${OK}Transfer-Encoding: chunked\r\n\r\n1;x\na\r\n0\r\n\r\n`,
  'a chunk extension with a bare CR': `${OK}Transfer-Encoding: chunked\r\n\r\n1;x\ry\r\na\r\n0\r\n\r\n`,
  'an empty chunk extension': `${OK}Transfer-Encoding: chunked\r\n\r\n1;\r\na\r\n0\r\n\r\n`,
  'a chunk extension with two values': `${OK}Transfer-Encoding: chunked\r\n\r\n1;a=b=c\r\na\r\n0\r\n\r\n`,
  'a chunk longer than its size': `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`,
  'a chunk that ends with LF': `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n`,
  'a chunk whose end has another byte': `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\n0\r\n\r\n`,
  'a chunk extension without end': `${OK}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(2000)}\r\na\r\n0\r\n\r\n`,
  'a length in the trailers': `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n`,
  'a trailer that is none': `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nnonsense\r\n\r\n`,
  'a trailer without end': `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
  'a head without end': `${OK}X: ${'x'.repeat(17_000)}`,
  'a head that is too large': `${OK}X: ${'x'.repeat(17_000)}\r\n\r\n`,
  'interim answers without end': `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(800)}${OK}Content-Length: 0\r\n\r\n`
}

/** Answers that ended before they were complete. */
const SHORT = [
  OK, `${OK}Content-Length: 5\r\n`, `${OK}Content-Length: 5\r\n\r\nhell`, `${OK}Transfer-Encoding: chunked\r\n\r\n`, `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`,
  `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`, `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n`, 'HTTP/1.1 100 Continue\r\n\r\n', ''
]

describe('answers', () => {
  it('are the same however they are cut: at every byte, and into single bytes', () => {
    for (const [text, status, body, rest = 0] of VALID) {
      const bytes = latin1(text)
      const everywhere = Array.from(bytes, (_byte, index) => [index])
      for (const places of [[], ...everywhere, everywhere.flat()]) {
        const { head, ...outcome } = readOurs(cut(bytes, places)) ?? assert.fail(`${JSON.stringify(text)} cut at ${places.join()}`)
        assert.deepEqual(outcome, { status, body, rest }, `${JSON.stringify(text)} cut at ${places.join()}`)
      }
    }
  })

  for (const [what, text] of Object.entries(MALFORMED)) {
    it(`${what}: refused, however it is cut`, () => {
      const bytes = latin1(text)
      const places = bytes.length > 2000 ? [] : Array.from(bytes, (_byte, index) => [index])
      for (const some of [[], ...places, places.flat()]) assert.equal(readOurs(cut(bytes, some)), undefined)
    })
  }

  it('that end early are no answers', () => {
    for (const text of SHORT) assert.equal(readOurs([latin1(text)]), undefined, JSON.stringify(text))
  })

  it('headers: names in any case, values without the white space around them, repeated ones as a list', () => {
    const head = readOurs([latin1(`${OK}X-A:  one\t\r\nx-a: two\r\nX-AB: no\r\nY: \xe9\r\nX-: no\r\n\r\n`)])?.head
    assert.deepEqual(['x-a', 'y', 'z', 'x', 'X-A'].map((name) => head?.get(name)), ['one, two', '\xe9', undefined, undefined, undefined])
  })

  it('whether the connection stays', () => {
    const stays = (text: string) => readOurs([latin1(text)])?.head.isKept
    for (const connection of ['close', 'Close', 'keep-alive, close', 'close, x', ' x ,CLOSE']) assert.equal(stays(`${OK}Content-Length: 0\r\nConnection: ${connection}\r\n\r\n`), false, connection)
    for (const connection of ['keep-alive', 'Keep-Alive', 'x', 'closer', '']) assert.equal(stays(`${OK}Content-Length: 0\r\nConnection: ${connection}\r\n\r\n`), true, connection)
    assert.equal(stays(`${OK}Content-Length: 0\r\nConnection: x\r\nConnection: close\r\n\r\n`), false)
    assert.deepEqual(['', 'Connection: keep-alive\r\n', 'Connection: Keep-Alive\r\n', 'Connection: x\r\n'].map((line) => stays(`HTTP/1.0 200 OK\r\nContent-Length: 0\r\n${line}\r\n`)), [false, true, true, false])
    // Nobody can know whether the announced body comes after all.
    for (const status of [204, 304]) assert.deepEqual(['Content-Length: 5', 'Transfer-Encoding: chunked', 'Content-Length: 0', 'X: y'].map((line) => stays(`HTTP/1.1 ${status} X\r\n${line}\r\n\r\n`)), [false, false, true, true])
  })

  it('large ones take time by their length only', () => {
    const begin = performance.now()
    for (const text of [`${OK}X:${' '.repeat(16_000)}y\r\n\r\n`, `${OK}X:${' \t'.repeat(8_000)}\r\n\r\n`, `${OK}${'a:\r\n'.repeat(4_000)}\r\n`]) assert.equal(readOurs([latin1(text)])?.status, 200)
    const chunks = latin1(`${OK}Transfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(100_000)}0\r\n\r\n`)
    const pieces = cut(chunks, Array.from({ length: Math.ceil(chunks.length / 60_000) }, (_none, index) => index * 60_000))
    assert.equal(readOurs(pieces)?.body.length, 100_000)
    assert.ok(performance.now() - begin < 5_000)
  })
})

const FRAGMENTS = [
  '\r', '\n', '\r\n', '\0', ' ', '\t', ':', ';', ',', '0', '1', '5', 'f', 'A', '-', '+', '\xff', 'chunked', 'identity', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n', 'X: y\r\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 C\r\n\r\n', '\r\n\r\n', '0\r\n\r\n', '3\r\nabc\r\n', '2', 'é'
]

/** An answer of lawful parts, in one of the ways that bodies end. */
function lawful (random: (below: number) => number): string {
  const text = (most: number) => Array.from({ length: random(most) }, () => String.fromCharCode(0x20 + random(95))).join('')
  const token = () => `x-${random(1000)}`
  const fields = Array.from({ length: random(5) }, () => `${token()}:${' '.repeat(random(3))}${text(20)}\r\n`).join('')
  const interim = random(8) === 0 ? `HTTP/1.1 103 Early\r\n${fields}\r\n` : ''
  const status = [200, 202, 204, 304, 400, 404, 500, 503][random(8)] ?? 200
  const head = `${interim}HTTP/1.1 ${status} ${text(10)}\r\n${fields}`
  const body = text(60)
  if (status === 204 || status === 304) return `${head}\r\n`
  if (random(3) === 0) return `${head}\r\n${body}`
  if (random(2) === 0) return `${head}Content-Length: ${body.length}\r\n${fields}\r\n${body}`
  const chunks = Array.from({ length: random(4) }, () => {
    const data = text(40) + 'x'
    return `${data.length.toString(16)}${random(3) === 0 ? `;${token()}=${token()}` : ''}\r\n${data}\r\n`
  }).join('')
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}${'0'.repeat(1 + random(2))}\r\n${random(3) === 0 ? fields : ''}\r\n`
}

function spoiled (text: string, random: (below: number) => number): string {
  let worse = text
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(worse.length + 1)
    const fragment = FRAGMENTS[random(FRAGMENTS.length)] ?? ''
    worse = worse.slice(0, at) + (random(3) === 0 ? '' : fragment) + worse.slice(at + random(3))
  }
  return worse
}

describe('beside Node\'s own client', () => {
  it('3000 lawful answers are read alike, cut anywhere', async () => {
    const random = seeded(49)
    for (let round = 0; round < 3000; round++) {
      const text = lawful(random)
      const bytes = latin1(text)
      const ours = readOurs(cut(bytes, Array.from({ length: random(6) }, () => random(bytes.length))))
      assert.deepEqual({ status: ours?.status, body: ours?.body }, await readNodes(bytes), JSON.stringify(text))
    }
  })

  it('of 6000 spoiled answers none is taken for another one than Node takes it for', async () => {
    const random = seeded(4949)
    let taken = 0
    for (let round = 0; round < 6000; round++) {
      const text = spoiled(lawful(random), random)
      const bytes = latin1(text)
      const ours = readOurs(cut(bytes, Array.from({ length: random(6) }, () => random(bytes.length + 1))))
      if (ours === undefined) continue
      taken++
      // What follows is for the connection to refuse.
      assert.deepEqual({ status: ours.status, body: ours.body }, await readNodes(bytes.subarray(0, bytes.length - ours.rest)), JSON.stringify(text))
    }
    assert.ok(taken > 1000 && taken < 5000, `${taken} were taken`)
  })

  it('garbage is refused or waited for, and never throws', () => {
    const random = seeded(7)
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: random(30) }, () => random(2) === 0 ? FRAGMENTS[random(FRAGMENTS.length)] ?? '' : String.fromCharCode(random(256))).join('')
      const bytes = latin1(random(2) === 0 ? text : OK + text)
      readOurs(cut(bytes, Array.from({ length: random(6) }, () => random(bytes.length + 1))))
    }
  })
})
