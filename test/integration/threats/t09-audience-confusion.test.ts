/** T09: a token for somebody else, or for another purpose, opens nothing here; one for an endpoint opens that one. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { send } from '../../helpers/http-exchange.ts'
import { createLegacyWire } from '../../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { ISSUER, jwksServer, sign, signingKey, type JwksServer } from '../../unit/auth/fixtures.ts'

const RESOURCE = 'https://mcp.example'
const key = await signingKey('one')
const nowS = Math.floor(Date.now() / 1000)

describe('what a token is for', () => {
  let idp: JwksServer
  let gateway: TestGateway
  before(async () => {
    idp = await jwksServer(key)
    gateway = await startGateway({
      users: [],
      config: { mcpServers: { notes: probe(), other: probe() }, auth: { jwt: [{ issuer: ISSUER, audience: 'drawbridge', jwksUri: idp.url, algorithms: ['RS256'], tenant: 'acme' }], oauth: { resource: RESOURCE, authorizationServers: [ISSUER] } }, limits: roomyLimits }
    })
  })
  after(async () => {
    await gateway.stop()
    await idp[Symbol.asyncDispose]()
  })

  const token = (changes: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> => sign(key, { exp: nowS + 300, iat: nowS, aud: RESOURCE, ...changes }, header)
  async function statusAt (path: string, changes: Record<string, unknown>, header?: Record<string, unknown>): Promise<number> {
    const body = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } }
    return (await send(gateway.url + path, { ...(path === '/status' ? {} : { body }), headers: { accept: 'application/json, text/event-stream', authorization: `Bearer ${await token(changes, header)}` } })).status
  }

  it('the gateway as a whole, and what its operator calls it: good everywhere', async () => {
    for (const aud of [RESOURCE, 'drawbridge', ['https://elsewhere.example', RESOURCE]]) for (const path of ['/mcp', '/servers/notes/mcp', '/servers/other/mcp', '/status']) assert.equal(await statusAt(path, { aud }), 200, `${String(aud)} ${path}`)
  })

  it('one endpoint: good there, by every door of it, and nowhere else', async () => {
    const aud = `${RESOURCE}/servers/notes/mcp`
    const bearer = { authorization: `Bearer ${await token({ aud })}` }
    const wire = createLegacyWire(`${gateway.url}/servers/notes/mcp`, bearer)
    await wire.open()
    assert.ok((await wire.request('tools/list')).result)
    wire.close()
    for (const [path, status] of [['/servers/notes', 200], ['/servers/other/mcp', 401], ['/mcp', 401], ['/status', 401], ['/servers/nope/mcp', 401]] as const) assert.equal(await statusAt(path, { aud }), status, path)
    assert.equal((await send(`${gateway.url}/servers/notes/tools`, { body: { tool_name: 'echo', arguments: { text: 'x' } }, headers: bearer })).status, 200)
    assert.equal((await send(`${gateway.url}/servers/other/tools`, { body: { tool_name: 'echo', arguments: { text: 'x' } }, headers: bearer })).status, 401)
    assert.equal(await statusAt('/servers/nope/mcp', { aud: `${RESOURCE}/servers/nope/mcp` }), 404, 'a name alone makes no server')
  })

  it('anything else: 401', async () => {
    const others = [undefined, '', 'other', 'https://host.evil', `${RESOURCE}.evil`, `${RESOURCE}/`, RESOURCE.slice(0, -1), RESOURCE.toUpperCase(), 'http://mcp.example', `${RESOURCE}:443`, `${RESOURCE}/servers/notes`, `${RESOURCE}/servers/notes/mcp/`, `${RESOURCE}/servers/note`, `${RESOURCE}/servers/notes/mcp?x`, [[RESOURCE]], { [RESOURCE]: true }]
    for (const aud of others) assert.equal(await statusAt('/servers/notes/mcp', { aud }), 401, JSON.stringify(aud))
  })

  it('of an issuer of nearly the same name, or another\'s: 401', async () => {
    for (const iss of [`${ISSUER}/`, ISSUER.toUpperCase(), `${ISSUER}.evil`, ISSUER.replace('https', 'http'), [ISSUER]]) assert.equal(await statusAt('/status', { iss }), 401, JSON.stringify(iss))
  })

  it('for another purpose: ID, refresh and logout tokens, and whatever has another type', async () => {
    for (const changes of [{ at_hash: 'x' }, { c_hash: 'x' }, { s_hash: 'x' }, { typ: 'ID' }, { typ: 'Refresh' }, { token_use: 'id' }]) assert.equal(await statusAt('/status', changes), 401, JSON.stringify(changes))
    for (const typ of ['id+jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt']) assert.equal(await statusAt('/status', {}, { typ }), 401, typ)
  })

  it('bound to a key that the caller would have to prove: 401 as a bearer (T15)', async () => {
    for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, null]) assert.equal(await statusAt('/status', { cnf }), 401, JSON.stringify(cnf))
    assert.equal((await send(`${gateway.url}/status`, { headers: { authorization: `DPoP ${await token({})}` } })).status, 401)
  })

  it('clients are led from the refusal to the metadata of the endpoint they called, and to its name', async () => {
    const refused = await send(`${gateway.url}/servers/notes/mcp`, { body: {}, headers: { authorization: 'Bearer x' } })
    const [, url = ''] = /resource_metadata="([^"]+)"/.exec(String(refused.headers['www-authenticate'])) ?? []
    const metadata = JSON.parse((await send(gateway.url + new URL(url).pathname)).body()) as { resource: string, authorization_servers: string[] }
    assert.deepEqual([metadata.resource, metadata.authorization_servers], [`${RESOURCE}/servers/notes/mcp`, [ISSUER]])
  })
})
