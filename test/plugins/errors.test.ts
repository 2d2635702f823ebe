import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { ERRORS, GatewayError } from '../../src/shared/errors.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'
import type { TestKey } from '../helpers/api-keys.ts'
import { startEdge } from './edge-app.ts'
import type { EdgeApp } from './edge-app.ts'
import { rawSend } from './raw-http.ts'
import { edgeSettings } from './settings.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]
const INTERNAL = /canary|node_modules|\.ts\b|\bat \S+ \(|\/home\/secret/

const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store'
}

describe('answers to what goes wrong (R42)', () => {
  let edge: EdgeApp
  let key: TestKey
  const routes = (app: FastifyInstance): void => {
    for (const [prefix, mcp] of [['/plain', false], ['/rpc', true]] as const) {
      app.get(`${prefix}/fault/:code`, { config: { mcp } }, (request) => {
        const { code } = request.params as { code: ErrorCode }
        throw new GatewayError(code, { reason: 'canary reason', data: { hint: 'public' } }, new Error('canary cause at /home/secret'))
      })
      app.get(`${prefix}/crash`, { config: { mcp } }, () => { throw new TypeError('canary at /home/secret/file.ts') })
      app.get(`${prefix}/reject`, { config: { mcp } }, async () => { throw Object.assign(new Error('canary'), { statusCode: 418, headers: { 'x-leak': 'canary' } }) })
      app.get(`${prefix}/odd`, { config: { mcp } }, async () => { throw 'canary string' }) // eslint-disable-line no-throw-literal -- anything can be thrown
    }
    app.get('/limited', () => {
      throw new GatewayError('GW_LIMIT_RATE', { retryAfterS: 7.2, rateLimit: { limit: 10, remaining: 0, resetS: 8 } })
    })
    app.get('/scope', () => { throw new GatewayError('GW_AUTH_SCOPE', { scopes: ['tools:call', 'tools:read'] }) })
    app.get('/allow', (_request, reply) => {
      reply.header('allow', 'POST')
      throw new GatewayError('GW_HTTP_METHOD')
    })
  }
  before(async () => {
    const made = edgeSettings({ auth: { oauth: { resource: 'http://gateway.test', authorizationServers: ['https://idp.example'] } } })
    key = made.key
    edge = await startEdge({ settings: made.settings, routes })
  })
  after(() => edge.close())

  const get = (path: string): ReturnType<EdgeApp['send']> => edge.send(path, { headers: key.bearer })

  test('every catalogue row keeps its status and says only its public sentence', async () => {
    for (const code of CODES) {
      const answer = await get(`/plain/fault/${code}`)
      assert.equal(answer.status, ERRORS[code].status, code)
      assert.deepEqual(JSON.parse(answer.body()), { error: { code, message: ERRORS[code].message, request_id: answer.headers['x-request-id'] } })
      if (answer.status === 429 || answer.status === 503) assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/, code)
    }
  })

  test('MCP endpoints answer JSON-RPC errors without an id', async () => {
    for (const code of CODES) {
      const answer = await get(`/rpc/fault/${code}`)
      assert.equal(answer.status, ERRORS[code].status, code)
      assert.deepEqual(JSON.parse(answer.body()), { jsonrpc: '2.0', id: null, error: { code: ERRORS[code].rpcCode, message: ERRORS[code].message, data: { hint: 'public' } } })
    }
  })

  test('what nobody planned for is a 500 that tells nothing', async () => {
    for (const path of ['/plain/crash', '/plain/odd', '/rpc/crash', '/rpc/odd']) {
      const answer = await get(path)
      assert.equal(answer.status, 500)
      assert.match(answer.body(), /Internal error/)
      assert.doesNotMatch(answer.body() + JSON.stringify(answer.headers), INTERNAL)
    }
    const odd = await get('/plain/reject')
    assert.equal(odd.status, 500)
    assert.doesNotMatch(odd.body() + JSON.stringify(odd.headers), INTERNAL)
    // The operator finds the whole story under the id that the caller can quote.
    const crash = await get('/plain/crash')
    const line = edge.log().find((entry) => entry['request_id'] === crash.headers['x-request-id'] && entry['level'] === 'error')
    assert.match(JSON.stringify(line), /canary at \/home\/secret/)
  })

  test('limits say what is left and when to come back; scopes are challenged; Allow stays', async () => {
    const limited = await get('/limited')
    assert.deepEqual([limited.headers['retry-after'], limited.headers['ratelimit-limit'], limited.headers['ratelimit-remaining'], limited.headers['ratelimit-reset']], ['8', '10', '0', '8'])
    const scope = await get('/scope')
    assert.equal(scope.status, 403)
    assert.equal(scope.headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="tools:call tools:read", resource_metadata="http://gateway.test/.well-known/oauth-protected-resource"')
    assert.equal((await get('/allow')).headers.allow, 'POST')
    assert.match(String((await edge.send('/plain/crash')).headers['www-authenticate']), /resource_metadata="http:\/\/gateway\.test\/\.well-known\/oauth-protected-resource"/)
  })

  test('every answer carries its own id and the security headers', async () => {
    const ids = new Set<string>()
    const answers = [
      await get('/nowhere'), await edge.send('/nowhere'), await get('/plain/crash'), await get('/%zz'), await get(`/plain/fault/${'x'.repeat(300)}`),
      await edge.send('/limited', { headers: { ...key.bearer, host: 'evil.example' } }), await edge.send('/limited', { headers: { ...key.bearer, origin: 'null' } }),
      await edge.send('/nowhere', { headers: { ...key.bearer, 'x-request-id': 'chosen-by-the-caller' } })
    ]
    for (const answer of answers) {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) assert.equal(answer.headers[name], value, `${name} of a ${answer.status}`)
      assert.match(String(answer.headers['x-request-id']), /^[0-9a-f]{32}$/)
      assert.match(String(answer.headers['content-type']), /^application\/json/)
      ids.add(String(answer.headers['x-request-id']))
    }
    assert.equal(ids.size, answers.length)
    assert.deepEqual(answers.map(({ status }) => status), [404, 401, 500, 400, 404, 421, 403, 404])
    const { text } = await rawSend(edge.port, 'GET / HTTP/1.1\r\nHost : x\r\n\r\n')
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) assert.ok(text.includes(`${name}: ${value}`), name)
  })
})
