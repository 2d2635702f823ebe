import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import type { TestKey } from '../helpers/api-keys.ts'
import { until } from '../helpers/until.ts'
import { startEdge } from './edge-app.ts'
import type { EdgeApp } from './edge-app.ts'
import { rawSend } from './raw-http.ts'
import { edgeSettings } from './settings.ts'

describe('malformed and ambiguous requests (T28)', () => {
  let edge: EdgeApp
  let key: TestKey
  const targets: string[] = []
  const routes = (app: FastifyInstance): void => {
    app.post('/echo', (request, reply) => {
      targets.push(request.url)
      reply.send({ got: (request.body as Buffer | undefined)?.toString('latin1') ?? null })
    })
    app.get('/smuggled', (request, reply) => {
      targets.push(request.url)
      reply.send({})
    })
  }
  before(async () => {
    const made = edgeSettings()
    key = made.key
    edge = await startEdge({ settings: made.settings, routes })
  })
  after(() => edge.close())

  const head = (...lines: readonly string[]): string => ['POST /echo HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${key.text}`, 'Content-Type: application/json', ...lines, '', ''].join('\r\n')
  const inner = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

  const REFUSED: Readonly<Record<string, () => string>> = {
    'CL.TE': () => head('Content-Length: 6', 'Transfer-Encoding: chunked') + '0\r\n\r\nG',
    'TE.CL': () => head('Transfer-Encoding: chunked', 'Content-Length: 4') + `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
    'TE twice': () => head('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + '0\r\n\r\n',
    'TE unknown': () => head('Transfer-Encoding: xchunked') + '0\r\n\r\n',
    'TE with a trailing word': () => head('Transfer-Encoding: chunked, x') + '0\r\n\r\n',
    'two lengths': () => head('Content-Length: 2', 'Content-Length: 3') + '{}\n',
    'the same length twice': () => head('Content-Length: 2', 'Content-Length: 2') + '{}',
    'a list of lengths': () => head('Content-Length: 2, 2') + '{}',
    'a signed length': () => head('Content-Length: +2') + '{}',
    'a hex length': () => head('Content-Length: 0x2') + '{}',
    'space before the colon': () => head('Content-Length : 2') + '{}',
    'a folded line': () => head('X-A: b', ' Content-Length: 2') + '{}',
    'NUL in a value': () => head('X-A: b\0c', 'Content-Length: 2') + '{}',
    'a bare CR in a value': () => head('X-A: b\rTransfer-Encoding: chunked', 'Content-Length: 2') + '{}',
    'a bare LF ending': () => `POST /echo HTTP/1.1\nHost: localhost\nAuthorization: Bearer ${key.text}\nContent-Type: application/json\nContent-Length: 2\n\n{}`,
    'a bad chunk size': () => head('Transfer-Encoding: chunked') + 'zz\r\n{}\r\n0\r\n\r\n',
    'a chunk size too long': () => head('Transfer-Encoding: chunked') + 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n',
    'LF in a chunk extension': () => head('Transfer-Encoding: chunked') + `2;\n${inner}\r\n{}\r\n0\r\n\r\n`,
    'an unknown method': () => 'JUNK /echo HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'an unknown version': () => 'GET /echo HTTP/9.9\r\nHost: localhost\r\n\r\n',
    'no request at all': () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
  }

  for (const [name, bytes] of Object.entries(REFUSED)) {
    test(`${name}: one refusal, and the connection is closed`, async () => {
      const before = targets.length
      const { statuses, closed, text } = await rawSend(edge.port, bytes())
      assert.equal(statuses.length, 1, text)
      assert.ok([400, 413, 501].includes(statuses[0] ?? 0), text)
      assert.ok(closed, 'still open')
      assert.equal(targets.includes('/smuggled'), false)
      assert.ok(targets.length <= before, 'it reached a route')
      const [headers = '', body = ''] = text.split('\r\n\r\n')
      assert.match(headers, /x-request-id: [0-9a-f]{32}/i)
      assert.match(headers, /x-content-type-options: nosniff/i)
      assert.match(headers, /connection: close/i)
      assert.equal((JSON.parse(body) as { error: { code: string } }).error.code.startsWith('GW_HTTP_'), true)
    })
  }

  test('headers over the cap are 431', async () => {
    const { statuses, closed } = await rawSend(edge.port, head(`X-Big: ${'a'.repeat(20_000)}`))
    assert.deepEqual(statuses, [431])
    assert.ok(closed)
  })

  test('a 64 kB credential is refused quickly (T11)', async () => {
    const startedMs = performance.now()
    const { statuses } = await rawSend(edge.port, `GET /smuggled HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${'a.'.repeat(32_000)}\r\n\r\n`)
    assert.deepEqual(statuses, [431])
    assert.ok(performance.now() - startedMs < 2000)
  })

  test('garbage behind a whole request never gets an answer that could be taken for the request\'s', async () => {
    const { statuses, closed } = await rawSend(edge.port, head('Content-Length: 2') + '{}' + 'GARBAGE\r\n\r\n')
    assert.ok(statuses.length <= 2 && [undefined, 200, 400].includes(statuses[0]), String(statuses))
    assert.ok(closed)
    if (statuses.length === 2) assert.deepEqual(statuses, [200, 400])
  })

  test('pipelined requests get their own answers, in order', async () => {
    const bodies = Array.from({ length: 200 }, (_, at) => JSON.stringify({ at }))
    const sent = bodies.map((body, at) => head(`Content-Length: ${body.length}`, ...at === 199 ? ['Connection: close'] : []) + body)
    const { text, statuses } = await rawSend(edge.port, sent.join(''))
    assert.equal(statuses.length, 200)
    assert.deepEqual([...text.matchAll(/\{"got":"(.*?)"\}/g)].map((match) => match[1]?.replaceAll('\\', '')), bodies)
  })

  test('a body that nobody reads is never taken for the next request', async () => {
    const length = `Content-Length: ${inner.length}`
    const last = head('Content-Length: 2', 'Connection: close') + '{}'
    const unread: Readonly<Record<string, readonly [first: string, status: number]>> = {
      'a refused credential': [`POST /echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer db_x_wrong\r\nContent-Type: application/json\r\n${length}\r\n\r\n${inner}`, 401],
      'a refused media type': [`POST /echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key.text}\r\nContent-Type: text/plain\r\n${length}\r\n\r\n${inner}`, 415],
      'a refused host': [`POST /echo HTTP/1.1\r\nHost: evil.example\r\n${length}\r\n\r\n${inner}`, 421],
      'a GET': [`GET /nowhere HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key.text}\r\n${length}\r\n\r\n${inner}`, 404],
      'a chunked one': [`POST /nowhere HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key.text}\r\nTransfer-Encoding: chunked\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`, 404]
    }
    for (const [name, [first, status]] of Object.entries(unread)) {
      const { statuses, text } = await rawSend(edge.port, first + last)
      assert.deepEqual(statuses, [status, 200], `${name}: ${text}`)
      assert.equal(targets.includes('/smuggled'), false, name)
    }
  })

  test('thousands of interleaved requests on a few connections each get their own answer', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    const own = await Promise.all(Array.from({ length: 3000 }, async (_, at) => {
      const answer = await edge.send('/echo', { method: 'POST', body: { nonce: at }, headers: at % 7 === 0 ? {} : key.bearer, agent })
      return at % 7 === 0 ? answer.status === 401 : answer.body() === JSON.stringify({ got: JSON.stringify({ nonce: at }) })
    }))
    agent.destroy()
    assert.equal(own.filter(Boolean).length, 3000)
  })

  test('clients that leave with pipelined requests unanswered cost no capacity (FR34)', async (t) => {
    const made = edgeSettings()
    const waiting: Array<() => void> = []
    const slow = await startEdge({
      settings: made.settings,
      routes: (app) => {
        app.get('/slow', (_request, reply) => { waiting.push(() => { reply.send({}) }) })
        app.get('/quick', (_request, reply) => { reply.send({}) })
      },
      change: () => ({ maxInFlight: 20 })
    })
    t.after(() => slow.close())
    for (let round = 0; round < 4; round++) {
      const socket = connect(slow.port, '127.0.0.1')
      const seen = waiting.length
      socket.write(`GET /slow HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${made.key.text}\r\n\r\n`.repeat(10))
      await until('all ten requests', () => waiting.length === seen + 10)
      socket.destroy()
    }
    const inFlight = async (): Promise<boolean> => /^drawbridge_http_requests_in_flight 0$/m.test(await slow.options.telemetry.expose())
    await until('nothing in flight', inFlight)
    for (const answer of waiting) answer()
    await until('nothing in flight', inFlight)
    assert.equal((await slow.send('/quick', { headers: made.key.bearer })).status, 200)
  })

  test('header names cannot reach a prototype (T36)', async () => {
    const { statuses, text } = await rawSend(edge.port, head('__proto__: polluted', 'constructor: polluted', 'toString: polluted', 'Content-Length: 2', 'Connection: close') + '{}')
    assert.deepEqual(statuses, [200], text)
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    assert.equal(Object.keys(Object.prototype).length, 0)
  })
})
