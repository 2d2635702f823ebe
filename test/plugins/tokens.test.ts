/** POST /admin/tokens, and what revokes (rulings 2). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import type { Settings } from '../../src/shared/settings.ts'
import { send } from '../helpers/http-exchange.ts'
import type { Exchange, ExchangeOptions } from '../helpers/http-exchange.ts'
import { startEdge, startManagement } from './edge-app.ts'
import type { EdgeApp } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

const TOKEN = 'a-management-token-for-tests'
const whoAmI = { routes: (app: EdgeApp['app']) => { app.get('/whoami', (request, reply) => { reply.send(request.principal) }) } }

interface Both { readonly edge: EdgeApp, readonly admin: (path: string, body?: unknown, options?: ExchangeOptions) => Promise<Exchange>, readonly keyText: string, readonly keyId: string }

async function both (t: TestContext, change: Partial<Settings> = {}): Promise<Both> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-tokens-'))
  const { settings, key } = edgeSettings({ management: { host: '127.0.0.1', port: 0, token: TOKEN }, tenants: new Map([[brandAs<TenantId>('acme'), { tools: { deny: [] }, limits: {} }]]) })
  const edge = await startEdge({ settings: { ...settings, stateDir: directory, ...change }, ...whoAmI })
  const { url } = await startManagement(t, edge)
  t.after(() => { rmSync(directory, { recursive: true }) })
  const admin = (path: string, body?: unknown, options: ExchangeOptions = {}): Promise<Exchange> => send(url + path, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, ...(body === undefined ? {} : { body }), ...options })
  return { edge, admin, keyText: key.text, keyId: String(key.entry['id']) }
}

interface Issued { readonly token: string, readonly token_type: string, readonly expires_in: number }
const issued = (answer: Exchange): Issued => JSON.parse(answer.body()) as Issued
const status = async (edge: EdgeApp, token: string): Promise<number> => (await edge.send('/whoami', { headers: { authorization: `Bearer ${token}` } })).status

describe('tokens for backends', () => {
  test('one is made for a user of a tenant, and is that user at the public listener', async (t) => {
    const { edge, admin } = await both(t)
    const answer = await admin('/admin/tokens', { tenant: 'acme', user: 'dana', scopes: ['tools:read'], expiresInSeconds: 60 })
    assert.equal(answer.status, 201)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { token, ...rest } = issued(answer)
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 60 })
    const me = JSON.parse((await edge.send('/whoami', { headers: { authorization: `Bearer ${token}` } })).body()) as Record<string, unknown>
    assert.deepEqual([me['issuer'], me['tenant'], me['user'], me['scopes']], ['http://gateway.test', 'acme', 'dana', ['tools:read']])
    assert.equal(issued(await admin('/admin/tokens', { tenant: 'acme', user: 'dana' })).expires_in, 900)
    const line = edge.log().find((entry) => entry['audit'] === 'token_issued')
    assert.deepEqual([line?.['tenant'], line?.['user'], line?.['credential_id'], line?.['outcome']], ['acme', 'dana', me['credentialId'], 'ok'])
    assert.ok(!edge.logText().includes(token.slice(-40)))
    assert.match(await edge.options.telemetry.expose(), /^drawbridge_tokens_issued_total 2$/m)
  })

  test('what is not exactly that is refused, and says where', async (t) => {
    const { admin } = await both(t)
    const good = { tenant: 'acme', user: 'dana' }
    const rows: ReadonlyArray<readonly [body: unknown, says: RegExp]> = [
      [{}, /tenant/], [{ tenant: 'acme' }, /user/], [{ ...good, user: '' }, /user/], [{ ...good, user: 7 }, /user/], [{ ...good, user: 'a\u0000' }, /user/], [{ ...good, user: 'x'.repeat(257) }, /user/],
      [{ ...good, expiresInSeconds: 0 }, /expiresInSeconds/], [{ ...good, expiresInSeconds: 3601 }, /expiresInSeconds/], [{ ...good, expiresInSeconds: '60' }, /expiresInSeconds/], [{ ...good, expiresInSeconds: 1.5 }, /expiresInSeconds/],
      [{ ...good, scopes: 'tools:read' }, /scopes/], [{ ...good, scopes: ['tools:write'] }, /scopes/], [{ ...good, scopes: ['tools:call:'] }, /scopes/], [{ ...good, admin: true }, /additional/],
      [{ ...good, tenant: 'nowhere' }, /no such tenant/], [{ ...good, roles: Array.from({ length: 100 }, (_, at) => `${at}`.padStart(200, 'r')) }, /too long/], [[], /object/], ['{"tenant":', /not JSON/], ['', /body/]
    ]
    for (const [body, says] of rows) {
      const answer = await admin('/admin/tokens', body, { headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' } })
      assert.equal(answer.status, 400, JSON.stringify(body))
      assert.match(answer.body(), says)
      assert.doesNotMatch(answer.body(), /"token"/)
    }
    assert.equal((await admin('/admin/tokens', 'tenant=acme', { headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain' } })).status, 415)
  })

  test('only with the management token; and without one there is no such page', async (t) => {
    const { admin } = await both(t)
    for (const headers of [{}, { authorization: 'Bearer guess' }, { 'x-api-key': TOKEN }] as Array<Record<string, string>>) assert.equal((await admin('/admin/tokens', { tenant: 'acme', user: 'x' }, { headers })).status, 401)
    const closed = await both(t, { management: { host: '127.0.0.1', port: 0 } })
    for (const path of ['/admin/tokens', '/admin/tokens/revoke', '/admin/keys/x/revoke']) assert.equal((await closed.admin(path, { tenant: 'acme', user: 'x' })).status, 404)
    assert.equal((await closed.edge.send('/admin/tokens', { method: 'POST', body: {} })).status, 401, 'the public listener has none')
  })

  test('in production there is none without a key of the operator\'s; with the replicas\' secret there is', async (t) => {
    const bare = await both(t, { mode: 'production' })
    assert.equal((await bare.admin('/admin/tokens', { tenant: 'acme', user: 'x' })).status, 404)
    const secret = 'a secret that replicas share, of some length'
    const [one, other] = [await both(t, { mode: 'production', secret }), await both(t, { mode: 'production', secret })]
    const { token } = issued(await one.admin('/admin/tokens', { tenant: 'acme', user: 'x' }))
    assert.deepEqual([await status(one.edge, token), await status(other.edge, token), await status(bare.edge, token)], [200, 200, 401])
  })
})

describe('what is revoked', () => {
  test('a token by its id, a user\'s tokens, a key: 401 at once, as for any other that is not valid', async (t) => {
    const { edge, admin, keyText, keyId } = await both(t)
    const mint = async (user: string): Promise<string> => issued(await admin('/admin/tokens', { tenant: 'acme', user })).token
    const [first, second, third] = [await mint('dana'), await mint('dana'), await mint('erin')]
    const { jti } = JSON.parse(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }
    for (const token of [first, second, third, keyText]) assert.equal(await status(edge, token), 200)
    const answer = await admin('/admin/tokens/revoke', { jti })
    assert.deepEqual([answer.status, JSON.parse(answer.body())], [200, { revoked: true, reached: 'everywhere' }])
    assert.deepEqual([await status(edge, first), await status(edge, second)], [401, 200])
    assert.equal((await admin('/admin/tokens/revoke', { tenant: 'acme', user: 'dana' })).status, 200)
    assert.deepEqual([await status(edge, second), await status(edge, third)], [401, 200])
    assert.equal(await status(edge, await mint('dana')), 200, 'later ones are good')
    assert.equal((await admin(`/admin/keys/${keyId}/revoke`)).status, 200)
    const shape = async (text: string): Promise<unknown> => {
      const { status: code, headers: { 'x-request-id': _id, date: _date, ...headers }, body } = await edge.send('/whoami', { headers: { authorization: `Bearer ${text}` } })
      return [code, headers, body().replace(/"request_id":"[^"]+"/, '')]
    }
    assert.deepEqual(await shape(keyText), await shape('db_unknown_00000000000000000000000000000000'))
    assert.deepEqual(edge.log().filter((line) => line['audit'] === 'credential_revoked').map((line) => [line['credential_id'], line['user'], line['outcome']]), [[jti, undefined, 'ok'], [undefined, 'dana', 'ok'], [keyId, undefined, 'ok']])
  })

  test('a key that is not there is 404, and bodies are held to their shape', async (t) => {
    const { admin } = await both(t)
    assert.equal((await admin('/admin/keys/nope/revoke')).status, 404)
    for (const body of [{}, { jti: '' }, { tenant: 'acme' }, { jti: 'x', tenant: 'acme', user: 'y' }, { jti: 'x', all: true }]) assert.equal((await admin('/admin/tokens/revoke', body)).status, 400, JSON.stringify(body))
  })

  test('what cannot be written down is refused here, and says so: 202', async (t) => {
    const { edge, admin, keyText, keyId } = await both(t, { stateDir: '/dev/null/state', secret: 'a secret that replicas share, of some length' })
    const answer = await admin(`/admin/keys/${keyId}/revoke`)
    assert.deepEqual([answer.status, JSON.parse(answer.body())], [202, { revoked: true, reached: 'here' }])
    assert.equal(await status(edge, keyText), 401)
  })
})
