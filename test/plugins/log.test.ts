import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/shared/errors.ts'
import { SignJWT } from 'jose'
import { until } from '../helpers/until.ts'
import { startEdge } from './edge-app.ts'
import { rawSend } from './raw-http.ts'
import { edgeSettings } from './settings.ts'

/** Characters that break a line somewhere or steer a terminal. */
// eslint-disable-next-line no-control-regex -- finding them is the point
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]/

test('canary secrets in every place a caller can put one never reach the log or the metrics (T58)', async (t) => {
  const { settings, key } = edgeSettings()
  const jwt = await new SignJWT({ sub: 'x' }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from('another-secret-of-more-than-32-bytes'))
  const wrongKey = 'db_other_Wm9vQ2FuYXJ5U2VjcmV0VmFsdWU'
  const edge = await startEdge({
    settings,
    routes: (app) => {
      app.get('/fail/*', (request) => { throw new Error(`could not reach https://user:CanaryPass77@host/?access_token=CanaryQuery77 with ${jwt} for ${request.url}`) })
      app.get('/refuse', () => { throw new GatewayError('GW_UPSTREAM_START', { reason: `npm ERR Authorization: Bearer ${jwt}\nGITHUB_TOKEN=CanaryEnv77 {"apiKey":"CanaryJson77"} sk-CanaryVendor7777777` }) })
    }
  })
  t.after(() => edge.close())
  const canaries = [key.text, jwt, wrongKey, 'CanaryCookie77', 'CanaryPass77', 'CanaryQuery77', 'CanaryEnv77', 'CanaryJson77', 'CanaryVendor77', 'CanaryBasic77', 'CanaryHeader77', 'CanaryBody77']

  await edge.send('/fail/x', { headers: { ...key.bearer, cookie: 'session=CanaryCookie77', 'x-custom': 'CanaryHeader77', 'user-agent': 'CanaryHeader77', referer: 'https://x/?token=CanaryQuery77' } })
  await edge.send(`/fail/${wrongKey}?access=CanaryQuery77&api_key=CanaryQuery77`, { headers: key.bearer })
  await edge.send('/refuse', { headers: key.bearer })
  await edge.send(`/nowhere/${jwt}`, { headers: key.bearer })
  for (const authorization of [`Bearer ${wrongKey}`, `Bearer ${jwt}`, 'Basic CanaryBasic77', `Bearer ${key.text}x`]) await edge.send('/refuse', { headers: { authorization } })
  await edge.send('/refuse', { headers: { 'x-api-key': wrongKey } })
  await edge.send('/refuse', { method: 'POST', body: 'CanaryBody77', headers: key.bearer })
  await rawSend(edge.port, `GET /x\0CanaryHeader77 HTTP/1.1\r\nhost: CanaryHeader77\r\nauthorization: Bearer ${jwt}\r\n\r\n`)
  await until('every request is logged', () => edge.log().length >= 11)

  const told = edge.logText() + await edge.options.telemetry.expose()
  for (const canary of canaries) assert.equal(told.includes(canary), false, canary)
  // Pieces of them neither.
  for (const piece of [jwt.split('.')[1] ?? '', jwt.split('.')[2] ?? '', key.text.slice(-20), 'Wm9vQ2FuYXJ5']) assert.equal(told.includes(piece), false, piece)
})

test('whatever a caller writes, each request is one line that parses (T58)', async (t) => {
  const { settings, key } = edgeSettings()
  const edge = await startEdge({ settings, routes: (app) => { app.get('/x/*', (request, reply) => { reply.send({ path: request.url.length }) }) } })
  t.after(() => edge.close())
  const paths = ['/x/%0d%0a{"level":"error","msg":"forged"}', '/x/%1b[2J%1b[31m', '/x/%e2%80%a8%c2%85', `/x/${'a'.repeat(5000)}`, '/x/"\\u0000\\"', "/x/'; DROP TABLE--"]
  for (const path of paths) {
    await rawSend(edge.port, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key.text}\r\nconnection: close\r\n\r\n`)
  }
  // Latin-1 bytes reach Node as C1 controls.
  await rawSend(edge.port, `GET /x/\x85\x9b31m HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key.text}\r\nconnection: close\r\n\r\n`)
  await rawSend(edge.port, 'GET /x/ HTTP/1.1\r\nhost: \x9b31mevil\r\nconnection: close\r\n\r\n')
  const lines = await until('a line for each', () => {
    const found = edge.log().filter((line) => line['msg'] === 'request' || line['msg'] === 'malformed request')
    return found.length === paths.length + 2 ? found : undefined
  })
  assert.doesNotMatch(edge.logText(), STEERING)
  assert.equal(edge.log().some((line) => line['msg'] === 'forged'), false)
  for (const line of lines) assert.ok(String(line['path'] ?? '').length <= 256)
})

test('an address that a listed proxy passes on from a client is text like any other (T58)', async (t) => {
  const edge = await startEdge({ settings: edgeSettings({ http: { trustedProxies: ['127.0.0.1'] } }).settings })
  t.after(() => edge.close())
  for (const [path, credential] of [['/status', ''], ['/status', 'authorization: Bearer db_x_guess\r\n'], ['/%zz', '']]) {
    await rawSend(edge.port, `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${credential}x-forwarded-for: \x9b31m\x85Bearer canary0123456789\r\nconnection: close\r\n\r\n`)
  }
  await until('a line for each', () => edge.log().length === 3)
  assert.doesNotMatch(edge.logText(), STEERING)
  assert.doesNotMatch(edge.logText(), /canary/)
})

test('a line says who, what, how it ended and how long it took; an audited request needs none (R20)', async (t) => {
  const { settings, key } = edgeSettings()
  const edge = await startEdge({
    settings,
    routes: (app) => {
      app.get('/plain', (_request, reply) => { reply.send({}) })
      app.get('/audited', (request, reply) => {
        request.arrival.audited = true
        edge.options.audit.record({ event: 'call', requestId: request.id, tenant: 'acme', user: 'alice', server: 'notes', method: 'tools/call', name: 'read\u2028\u001b[31m', outcome: 'ok', httpStatus: 200, durationMs: 1.23456 })
        reply.send({})
      })
    }
  })
  t.after(() => edge.close())
  const plain = await edge.send('/plain?secret=1', { headers: key.bearer })
  const audited = await edge.send('/audited', { headers: key.bearer })
  const refused = await edge.send('/plain', { headers: { authorization: 'Bearer db_x_wrong' } })
  await edge.send('/live')
  const linesOf = (id: unknown): Array<Record<string, unknown>> => edge.log().filter((line) => line['request_id'] === id)
  await until('both are logged', () => linesOf(plain.headers['x-request-id']).length > 0 && linesOf(refused.headers['x-request-id']).length > 0)

  const [line, ...more] = linesOf(plain.headers['x-request-id'])
  assert.deepEqual(more, [])
  const { time, duration_ms: durationMs, ...rest } = line ?? {}
  assert.equal(typeof time, 'number')
  assert.equal(typeof durationMs, 'number')
  assert.deepEqual(rest, { level: 'info', request_id: plain.headers['x-request-id'], tenant: 'acme', user: 'alice', http_method: 'GET', path: '/plain', status: 200, remote_address: '127.0.0.1', msg: 'request' })

  const auditLines = linesOf(audited.headers['x-request-id'])
  assert.equal(auditLines.length, 1)
  assert.deepEqual({ ...auditLines[0], time: 0 }, { level: 'info', time: 0, audit: 'call', request_id: audited.headers['x-request-id'], tenant: 'acme', user: 'alice', server: 'notes', method: 'tools/call', tool: 'read\\u2028\\u001b[31m', outcome: 'ok', status: 200, duration_ms: 1.235, msg: 'call' })

  const refusals = linesOf(refused.headers['x-request-id'])
  assert.equal(refusals.length, 1)
  assert.deepEqual({ ...refusals[0], time: 0 }, { level: 'info', time: 0, audit: 'refused', request_id: refused.headers['x-request-id'], outcome: 'refused', code: 'GW_AUTH_INVALID', reason: 'unknown_key', remote_address: '127.0.0.1', msg: 'refused' })
})
