/** What a caller sends about themselves goes nowhere: not to the server, not into the identity (T14, T26, T27, T05). */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, clientInfo, textOf } from '../helpers/legacy-wire.ts'
import { environmentOf } from '../helpers/processes.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } }

describe('credentials and identity', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }],
      config: { mcpServers: { probe: probe({ args: ['{tenant}/{user}'] }) }, limits: roomyLimits }
    })
  })
  after(() => gateway.stop())

  const spoofed = {
    'x-user-id': 'bob',
    'x-tenant-id': 'globex',
    x_user_id: 'bob',
    'x-forwarded-user': 'bob',
    'x-forwarded-for': '10.1.2.3',
    'x-forwarded-host': 'evil.example',
    'x-original-url': '/servers/other',
    forwarded: 'for=10.1.2.3;host=evil',
    cookie: 'session=COOKIE-CANARY',
    'x-authenticated-user': 'bob',
    'mcp-init-host': 'evil'
  }

  it('no header of the caller reaches the server: neither credential, cookie nor identity (T14, T26)', async () => {
    const wire = gateway.wire('alice', 'probe')
    await wire.open({ headers: spoofed })
    const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }, spoofed)
    await answer.ended
    const me = JSON.parse(textOf(answer.messages()[0] ?? {})) as { pid: number, argv: string[], env: Record<string, string> }
    assert.deepEqual(me.argv, ['acme/alice'])
    const everythingTheServerSaw = [
      textOf(await wire.call('received')), JSON.stringify(me), environmentOf(me.pid).join('\n'), await readFile(`/proc/${me.pid}/cmdline`, 'utf8')
    ].join('\n')
    for (const canary of [gateway.keyOf('alice').text, 'COOKIE-CANARY', 'globex', 'evil', '10.1.2.3']) assert.ok(!everythingTheServerSaw.includes(canary), canary)
  })

  it('nor does the id or the session id of the caller', async () => {
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    await wire.call('echo', { text: 'x' }, 'id-canary-of-the-client')
    const received = textOf(await wire.call('received'))
    assert.ok(!received.includes('id-canary-of-the-client'))
    assert.ok(!received.includes(wire.sessionId ?? '?'))
  })

  it('two credentials, in every order and form: 400, never 200 (T27)', async () => {
    const [alice, bob] = [gateway.keyOf('alice').text, gateway.keyOf('bob').text]
    const forms: Array<Record<string, string | string[]>> = [
      { authorization: [`Bearer ${alice}`, `Bearer ${bob}`] }, { authorization: [`Bearer ${bob}`, `Bearer ${alice}`] }, { authorization: `Bearer ${alice}, Bearer ${bob}` },
      { authorization: `Bearer ${alice}`, 'x-api-key': bob }, { authorization: `Bearer ${alice}`, 'x-api-key': alice }, { 'x-api-key': [alice, bob] }
    ]
    for (const headers of forms) {
      const answer = await send(`${gateway.url}/servers/probe/mcp`, { body: initialize, headers: { accept: ACCEPT_BOTH, ...headers } })
      assert.ok([400, 401].includes(answer.status), `${answer.status} ${JSON.stringify(Object.keys(headers))}`)
    }
  })

  it('a key in the query is no credential, and is not in the log', async () => {
    for (const name of ['access_token', 'api_key', 'token', 'key']) {
      const answer = await send(`${gateway.url}/servers/probe/mcp?${name}=${gateway.keyOf('alice').text}`, { body: initialize, headers: { accept: ACCEPT_BOTH } })
      assert.ok([400, 401].includes(answer.status), `${name} ${answer.status}`)
    }
    assert.ok(!gateway.output().includes(gateway.keyOf('alice').text.slice(-20)))
  })

  it('X-API-Key and Bearer in any case are accepted', async () => {
    const { text } = gateway.keyOf('alice')
    for (const headers of [{ 'x-api-key': text }, { authorization: `bearer ${text}` }, { authorization: `BEARER ${text}` }] as Array<Record<string, string>>) {
      const answer = await send(`${gateway.url}/servers/probe/mcp`, { body: initialize, headers: { accept: ACCEPT_BOTH, ...headers } })
      assert.equal(answer.status, 200, JSON.stringify(headers).replace(text, '…'))
    }
  })

  it('no credential, a false one or an empty one: 401 with a challenge, and no worker (T04)', async () => {
    const before = gateway.workers().length
    for (const authorization of [undefined, 'Bearer sk-fake', 'Bearer gho_x', 'Basic eDp5', 'Bearer', 'Bearer db_k1_wrong', `${gateway.keyOf('alice').text}`]) {
      const answer = await send(`${gateway.url}/servers/probe/mcp`, { body: initialize, headers: { accept: ACCEPT_BOTH, ...(authorization === undefined ? {} : { authorization }) } })
      assert.equal(answer.status, 401, String(authorization))
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
    }
    assert.equal(gateway.workers().length, before)
  })

  it('every path and verb answers 401, 404 or 405 without a credential, except the written list (T05)', async () => {
    const open = ['/live', '/ready', '/health', '/health/ready', '/docs', '/openapi.json', '/.well-known/oauth-protected-resource']
    const guarded = ['/mcp', '/sse', '/messages/', '/servers/probe', '/servers/probe/', '/servers/probe/mcp', '/servers/probe/sse', '/servers/probe/messages/', '/servers/probe/tools', '/servers/probe/tools/batch',
      '/mcp/tools', '/mcp/tools/batch', '/status', '/health/mcp-status', '/metrics', '/admin/servers/probe', '/admin/tokens', '/debug', '//servers/probe/mcp', '/Servers/probe/mcp', '/servers/probe%2fmcp', '/servers/./probe/mcp']
    for (const path of guarded) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await send(gateway.url + path, { method, ...(method === 'GET' || method === 'DELETE' ? {} : { body: initialize }), headers: { accept: ACCEPT_BOTH } })
        assert.ok([401, 404, 405].includes(answer.status), `${method} ${path}: ${answer.status}`)
      }
    }
    for (const path of open.slice(0, 4)) assert.equal((await send(gateway.url + path)).status, 200, path)
  })

  it('a preflight from elsewhere is not granted (T29)', async () => {
    const answer = await send(`${gateway.url}/servers/probe/mcp`, { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' } })
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
    assert.ok(answer.status >= 400, String(answer.status))
  })

  it('a foreign Origin and a foreign Host are refused before anything else (T29)', async () => {
    const post = (headers: Record<string, string>) => send(`${gateway.url}/servers/probe/mcp`, { body: initialize, headers: { accept: ACCEPT_BOTH, ...gateway.keyOf('alice').bearer, ...headers } })
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example']) {
      const answer = await post({ origin })
      assert.equal(answer.status, 403, origin)
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
    for (const host of ['evil.example', 'localhost.evil.example']) assert.ok([400, 403, 421].includes((await post({ host })).status), host)
    assert.equal((await post({})).status, 200)
  })
})
