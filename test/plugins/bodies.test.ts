import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import type { TestKey } from '../helpers/api-keys.ts'
import { until } from '../helpers/until.ts'
import { startEdge } from './edge-app.ts'
import type { EdgeApp } from './edge-app.ts'
import { rawSend } from './raw-http.ts'
import { edgeSettings } from './settings.ts'

const MAX_BYTES = 65_536

describe('request bodies', () => {
  let edge: EdgeApp
  let key: TestKey
  let handled = 0
  const routes = (app: FastifyInstance): void => {
    app.route({
      method: ['POST', 'DELETE'],
      url: '/body',
      handler: (request, reply) => {
        handled++
        const body = request.body as Buffer | undefined
        reply.send({ bytes: body?.length ?? null, isBuffer: Buffer.isBuffer(body), text: body?.toString('utf8').slice(0, 40) ?? null })
      }
    })
    app.post('/late', () => { handled++ })
  }
  before(async () => {
    const made = edgeSettings({ http: { maxBodyBytes: MAX_BYTES } })
    key = made.key
    edge = await startEdge({ settings: made.settings, routes })
  })
  after(() => edge.close())

  const json = (): Record<string, string> => ({ ...key.bearer, 'content-type': 'application/json' })

  test('arrive as their bytes, whole or in pieces', async () => {
    const body = JSON.stringify({ text: 'ä🙂'.repeat(100) })
    for (const chunkBytes of [undefined, 1, 7]) {
      const answer = await edge.send('/body', { method: 'POST', body, headers: json(), ...(chunkBytes === undefined ? {} : { chunkBytes }) })
      assert.deepEqual(JSON.parse(answer.body()), { bytes: Buffer.byteLength(body), isBuffer: true, text: body.slice(0, 40) })
    }
  })

  test('that were whole are not at fault when their client leaves before the answer', async () => {
    const socket = connect(edge.port, '127.0.0.1')
    const before = handled
    socket.write(`POST /late HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key.text}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`)
    await until('the route has it', () => handled > before)
    socket.resetAndDestroy()
    const line = await until('it is logged', () => edge.log().find(({ path }) => path === '/late'))
    assert.deepEqual([line['status'], line['code'], line['reason'], handled], [499, undefined, undefined, before + 1])
  })

  test('are JSON by name, exactly; everything else is 415 and reaches no route (T32)', async () => {
    for (const type of ['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"']) {
      assert.equal((await edge.send('/body', { method: 'POST', body: '{}', headers: { ...json(), 'content-type': type } })).status, 200, type)
    }
    const before = handled
    for (const type of ['text/plain', 'application/jsonx', 'application/json\t; charset=utf-8', 'application/json;\tcharset=utf-8', 'application/json; charset=utf-16', 'application/json; boundary=x', 'application/json, text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'json', 'application/', '*/*', ';']) {
      const answer = await edge.send('/body', { method: 'POST', body: '{}', headers: { ...json(), 'content-type': type } })
      assert.equal(answer.status, 415, type)
      assert.equal((JSON.parse(answer.body()) as { error: { code: string } }).error.code, 'GW_HTTP_MEDIA_TYPE')
    }
    const { statuses } = await rawSend(edge.port, `POST /body HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer ${key.text}\r\ncontent-length: 2\r\n\r\n{}`)
    assert.deepEqual(statuses, [415], 'no Content-Type')
    assert.equal(handled, before)
  })

  test('may not be encoded (T30)', async () => {
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip', 'x']) {
      const answer = await edge.send('/body', { method: 'POST', body: gzipSync('{}'), headers: { ...json(), 'content-encoding': encoding } })
      assert.equal(answer.status, 415, encoding)
    }
    assert.equal((await edge.send('/body', { method: 'POST', body: '{}', headers: { ...json(), 'content-encoding': 'identity' } })).status, 200)
  })

  test('pass up to the cap and not a byte beyond, declared or not (T30)', async () => {
    const exact = `"${'x'.repeat(MAX_BYTES - 2)}"`
    assert.equal((await edge.send('/body', { method: 'POST', body: exact, headers: json() })).status, 200)
    assert.equal((await edge.send('/body', { method: 'POST', body: exact, headers: json(), chunkBytes: 9000 })).status, 200)
    const before = handled
    for (const chunkBytes of [undefined, 9000]) {
      const answer = await edge.send('/body', { method: 'POST', body: exact + ' ', headers: json(), ...(chunkBytes === undefined ? {} : { chunkBytes }) })
      assert.equal(answer.status, 413)
      assert.equal((JSON.parse(answer.body()) as { error: { code: string } }).error.code, 'GW_HTTP_BODY_TOO_LARGE')
    }
    assert.equal(handled, before)
  })

  test('that were refused leave the connection usable, and one without end is cut', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const tooLarge = await edge.send('/body', { method: 'POST', body: 'x'.repeat(MAX_BYTES + 10), headers: json(), agent })
    assert.equal(tooLarge.status, 413)
    assert.equal(tooLarge.headers.connection, 'keep-alive')
    assert.equal((await edge.send('/body', { method: 'POST', body: '{}', headers: json(), agent })).status, 200)
    agent.destroy()

    const head = `POST /body HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key.text}\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n`
    const { statuses, closed } = await rawSend(edge.port, [head, ...Array.from({ length: 40 }, () => 'y'.repeat(16_384))])
    assert.deepEqual(statuses, [413])
    assert.ok(closed, 'the connection was not cut')
  })

  test('DELETE with a JSON type and nothing in it is served', async () => {
    const answer = await edge.send('/body', { method: 'DELETE', headers: json() })
    assert.equal(answer.status, 200)
    assert.deepEqual(JSON.parse(answer.body()), { bytes: 0, isBuffer: true, text: '' })
    assert.equal((await edge.send('/body', { method: 'DELETE', headers: key.bearer })).status, 200)
  })

  test('are not asked for before the credential is known (RFC 9110 10.1.1)', async () => {
    const head = (credential: string): string => `POST /body HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\nauthorization: Bearer ${credential}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n`
    const refused = await rawSend(edge.port, `${head('db_x_wrong')}\r\n`)
    assert.deepEqual(refused.statuses, [401])
    assert.match(refused.text, /connection: close/i)
    assert.ok(refused.closed)
    const wanted = await rawSend(edge.port, [`${head(key.text)}connection: close\r\n\r\n`, '{}'])
    assert.deepEqual(wanted.statuses, [100, 200])
  })
})
