/** T04: a credential that does not hold is nobody: never an anonymous caller, never a weaker one, and nothing starts for it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { send, type Exchange } from '../../helpers/http-exchange.ts'
import { ACCEPT_BOTH } from '../../helpers/legacy-wire.ts'
import { MODERN, modernParams } from '../../helpers/modern-wire.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { AUDIENCE, claims, forge, ISSUER, SECRET } from '../../unit/auth/fixtures.ts'

const nowS = Math.floor(Date.now() / 1000)
const token = (changes: Record<string, unknown>): string => forge({ alg: 'HS256', typ: 'at+jwt' }, claims({ exp: nowS + 300, iat: nowS, tenant: 'acme', ...changes }))

/** One request of each era, and of each door besides. */
const DOORS: ReadonlyArray<readonly [path: string, options: { readonly body?: unknown, readonly headers?: Record<string, string> }]> = [
  ['/servers/probe/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } } }],
  ['/servers/probe/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: modernParams({ name: 'echo', arguments: { text: 'x' } }) }, headers: { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'echo' } }],
  ['/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } }],
  ['/servers/probe/tools', { body: { tool_name: 'echo', arguments: { text: 'x' } } }],
  ['/servers/probe/sse', {}],
  ['/servers/probe/messages/?session_id=x', { body: {} }],
  ['/status', {}]
]

describe('a credential that does not hold', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      env: { JWT_SECRET: SECRET, DRAWBRIDGE_MANAGEMENT_TOKEN: '6f0c2b7d915e48a3b1d2c4f7a8091e5c' },
      config: { mcpServers: { probe: probe() }, tenants: { acme: {} }, auth: { jwt: [{ issuer: ISSUER, audience: AUDIENCE, secretEnv: 'JWT_SECRET', tenants: ['acme'] }] }, limits: roomyLimits }
    })
  })
  after(() => gateway.stop())

  async function everywhere (headers: Record<string, string>): Promise<readonly Exchange[]> {
    return await Promise.all(DOORS.map(async ([path, options]) => await send(gateway.url + path, { ...options, headers: { accept: ACCEPT_BOTH, ...options.headers, ...headers } })))
  }

  const nobody: ReadonlyArray<readonly [what: string, headers: () => Record<string, string>]> = [
    ['none', () => ({})],
    ['a made-up key', () => ({ authorization: 'Bearer sk-fake' })],
    ['a token of elsewhere', () => ({ authorization: 'Bearer gho_16C7e42F292c6912E7710c838347Ae178B4a' })],
    ['another scheme', () => ({ authorization: 'Basic eDp5' })],
    ['an empty bearer', () => ({ authorization: 'Bearer ' })],
    ['a good key and something', () => ({ authorization: `Bearer ${gateway.keyOf('alice').text}x` })],
    ['a key in another header', () => ({ 'x-access-token': gateway.keyOf('alice').text })],
    ['a token without a user', () => ({ authorization: `Bearer ${token({ sub: undefined })}` })],
    ['a token that has ended', () => ({ authorization: `Bearer ${token({ exp: nowS - 61 })}` })],
    ['a token of the gateway that it did not make', () => ({ authorization: `Bearer ${token({ iss: 'http://127.0.0.1:0' })}` })]
  ]
  for (const [what, headers] of nobody) {
    it(`${what}: 401 at every door`, async () => {
      for (const [at, answer] of (await everywhere(headers())).entries()) {
        assert.equal(answer.status, 401, DOORS[at]?.[0])
        assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
      }
    })
  }

  for (const [what, changes] of [['without a tenant', { tenant: undefined }], ['of a tenant that its issuer may not name', { tenant: 'globex' }], ['of an empty tenant', { tenant: '' }], ['of a list of tenants', { tenant: ['acme'] }]] as const) {
    it(`a good signature ${what}: 403 at every door`, async () => {
      for (const [at, answer] of (await everywhere({ authorization: `Bearer ${token(changes)}` })).entries()) assert.equal(answer.status, 403, DOORS[at]?.[0])
    })
  }

  it('started nothing and opened nothing; the next good one is let in', async () => {
    const metrics = (await send(`${gateway.managementUrl}/metrics`)).body()
    assert.doesNotMatch(metrics, /^drawbridge_(?:worker_spawn_total|sessions_total)\{[^}]*\} [1-9]/m)
    assert.equal(gateway.workers().length, 0)
    assert.equal((await send(`${gateway.url}/status`, { headers: { authorization: `Bearer ${token({})}` } })).status, 200)
  })
})
