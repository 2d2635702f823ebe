import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { SignJWT } from 'jose'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import type { JwtIssuerSettings } from '../../src/shared/settings/auth.ts'
import type { TestKey } from '../helpers/api-keys.ts'
import { startEdge } from './edge-app.ts'
import type { EdgeApp } from './edge-app.ts'
import { rawSend } from './raw-http.ts'
import { edgeSettings } from './settings.ts'

const SECRET = 'a-test-secret-of-more-than-thirty-two-bytes'
const ISSUER: JwtIssuerSettings = {
  issuer: 'backend', audience: ['drawbridge'], algorithms: ['HS256'], secret: SECRET, tenantClaim: 'tenant', userClaim: 'sub', scopeClaim: 'scope', userPrefix: '', tenants: [brandAs<TenantId>('acme'), brandAs<TenantId>('ghost')]
}

const whoAmI = (app: FastifyInstance): void => {
  app.get('/whoami', (request, reply) => { reply.send({ tenant: request.principal?.tenant, user: request.principal?.user, address: request.ip }) })
  app.get('/open', { config: { public: true } }, (request, reply) => { reply.send({ principal: request.principal ?? null }) })
}

describe('credentials at the edge', () => {
  let edge: EdgeApp
  let key: TestKey
  before(async () => {
    const made = edgeSettings({ auth: { jwt: [ISSUER] }, tenants: new Map([[brandAs<TenantId>('acme'), { tools: { deny: [] }, limits: {} }]]) })
    key = made.key
    edge = await startEdge({ settings: made.settings, routes: whoAmI })
  })
  after(() => edge.close())

  const token = (claims: Record<string, unknown>): Promise<string> => new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' }).setIssuer('backend').setAudience('drawbridge').setExpirationTime('5m').sign(Buffer.from(SECRET))

  test('a key or a token, in either header, is a principal', async () => {
    const jwt = await token({ sub: 'bob', tenant: 'acme' })
    for (const [headers, user] of [
      [{ authorization: `Bearer ${key.text}` }, 'alice'],
      [{ authorization: `bEaReR ${key.text}` }, 'alice'],
      [{ 'x-api-key': key.text }, 'alice'],
      [{ authorization: `Bearer ${jwt}` }, 'bob'],
      [{ authorization: `Bearer ${jwt}` }, 'bob']
    ] as const) {
      const answer = await edge.send('/whoami', { headers })
      assert.equal(answer.status, 200)
      assert.equal((JSON.parse(answer.body()) as { user: string }).user, user)
    }
  })

  test('a presented credential is final: bad ones are 401 with a challenge (T04)', async () => {
    for (const authorization of ['Bearer sk-fake', 'Bearer gho_x', 'Basic eDp5', 'Bearer', 'Bearer ', `Bearer ${key.text}x`, `Bearer ${await token({ tenant: 'acme' })}`]) {
      const answer = await edge.send('/whoami', { headers: { authorization } })
      assert.equal(answer.status, 401, authorization)
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
    }
  })

  test('a valid credential of no known tenant is 403 (T04, rulings 2)', async () => {
    for (const claims of [{ sub: 'eve', tenant: 'ghost' }, { sub: 'eve', tenant: 'elsewhere' }, { sub: 'eve' }]) {
      const answer = await edge.send('/whoami', { headers: { authorization: `Bearer ${await token(claims)}` } })
      assert.equal(answer.status, 403, JSON.stringify(claims))
      assert.equal((JSON.parse(answer.body()) as { error: { code: string } }).error.code, 'GW_AUTH_TENANT')
    }
  })

  test('two credentials, or one in the query, are never a choice (T27)', async () => {
    const request = (lines: readonly string[], path = '/whoami'): string => [`GET ${path} HTTP/1.1`, 'host: localhost', 'connection: close', ...lines, '', ''].join('\r\n')
    const good = `authorization: Bearer ${key.text}`
    const bad = 'Authorization: Bearer db_other_0000000000000000000000'
    for (const lines of [[good, bad], [bad, good], [good, good], [good, `x-api-key: ${key.text}`], [`x-api-key: ${key.text}`, `x-api-key: ${key.text}`]]) {
      const { statuses } = await rawSend(edge.port, request(lines))
      assert.deepEqual(statuses, [400], lines.join(' + ').replaceAll(key.text, '<key>'))
    }
    for (const path of [`/whoami?access_token=${key.text}`, `/whoami?api_key=${key.text}`]) {
      const { statuses } = await rawSend(edge.port, request([], path))
      assert.ok(statuses.length === 1 && [400, 401].includes(statuses[0] ?? 0), String(statuses))
    }
    assert.equal(edge.logText().includes(key.text), false)
  })

  test('identity comes from the credential alone (T26)', async () => {
    const headers = { ...key.bearer, 'x-user-id': 'bob', 'x-tenant-id': 'globex', x_user_id: 'bob', 'x-forwarded-user': 'bob', 'mcp-init-host': 'evil', 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' }
    const answer = await edge.send('/whoami', { headers })
    assert.deepEqual(JSON.parse(answer.body()), { tenant: 'acme', user: 'alice', address: '127.0.0.1' })
  })

  test('a public route has no principal, whatever is sent', async () => {
    const answer = await edge.send('/open', { headers: key.bearer })
    assert.deepEqual(JSON.parse(answer.body()), { principal: null })
  })
})

describe('refused requests by address (T13, T55)', () => {
  const guesses = async (edge: EdgeApp, count: number, headers: Record<string, string> = {}): Promise<number[]> => {
    const statuses: number[] = []
    for (let guess = 0; guess < count; guess++) statuses.push((await edge.send('/whoami', { headers: { authorization: 'Bearer db_x_guess', ...headers } })).status)
    return statuses
  }

  test('are limited, say when to come back, and never cost a valid caller anything', async (t) => {
    let nowMs = 0
    const { settings, key } = edgeSettings({ limits: { ipRequestsPerMinute: 3 } })
    const edge = await startEdge({ settings, routes: whoAmI, change: ({ clock }) => ({ clock: { ...clock, nowMs: () => nowMs } }) })
    t.after(() => edge.close())
    for (let call = 0; call < 10; call++) assert.equal((await edge.send('/whoami', { headers: key.bearer })).status, 200)
    assert.deepEqual(await guesses(edge, 5), [401, 401, 401, 429, 429])
    nowMs = 20_000
    const refused = await edge.send('/whoami')
    assert.equal(refused.status, 429)
    assert.equal(refused.headers['retry-after'], '40')
    assert.equal(refused.headers['ratelimit-limit'], '3')
    assert.equal(refused.headers['ratelimit-remaining'], '0')
    assert.equal(refused.headers['ratelimit-reset'], '40')
    assert.equal((await edge.send('/whoami', { headers: key.bearer })).status, 200)
    assert.equal((await edge.send('/open')).status, 200)
    nowMs = 60_000
    assert.deepEqual(await guesses(edge, 4), [401, 401, 401, 429])
    assert.match(await edge.options.telemetry.expose(), /^drawbridge_limit_refusals_total\{limit="ip_requests"\} 4$/m)
  })

  test('X-Forwarded-For moves nobody into another bucket, unless a listed proxy wrote it (T26)', async (t) => {
    const direct = await startEdge({ settings: edgeSettings({ limits: { ipRequestsPerMinute: 2 } }).settings, routes: whoAmI })
    t.after(() => direct.close())
    const statuses = []
    for (let at = 0; at < 4; at++) statuses.push(...await guesses(direct, 1, { 'x-forwarded-for': `198.51.100.${at}` }))
    assert.deepEqual(statuses, [401, 401, 429, 429])

    const behindProxy = await startEdge({ settings: edgeSettings({ limits: { ipRequestsPerMinute: 2 }, http: { trustedProxies: ['127.0.0.1'] } }).settings, routes: whoAmI })
    t.after(() => behindProxy.close())
    assert.deepEqual(await guesses(behindProxy, 3, { 'x-forwarded-for': '198.51.100.1' }), [401, 401, 429])
    assert.deepEqual(await guesses(behindProxy, 1, { 'x-forwarded-for': '198.51.100.2' }), [401])
    // Only the address that the proxy itself saw counts, not what the client put before it.
    assert.deepEqual(await guesses(behindProxy, 1, { 'x-forwarded-for': '203.0.113.7, 198.51.100.1' }), [429])
  })
})
