import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import { startEdge } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const SCOPES = ['tools:read', 'tools:call', 'resources:read', 'prompts:read']
const oauth = (resource: string) => ({ oauth: { resource, authorizationServers: ['https://idp.example'] } })

describe('resource metadata (RFC 9728)', () => {
  test('is where the challenge of each endpoint says, open to everybody, and names that endpoint', async (t) => {
    const edge = await startEdge({ settings: edgeSettings({ auth: oauth('https://mcp.example') }).settings })
    t.after(() => edge.close())
    for (const [asked, path, resource] of [
      ['/mcp', '/mcp', '/mcp'], ['/sse', '/mcp', '/mcp'], ['/servers/notes/mcp', '/servers/notes/mcp', '/servers/notes/mcp'], ['/servers/notes/tools', '/servers/notes/mcp', '/servers/notes/mcp'],
      ['/servers/nope/mcp', '/servers/nope/mcp', '/servers/nope/mcp'], ['/servers/my%20notes/mcp', '/servers/my%20notes/mcp', '/servers/my%20notes/mcp'], ['/status', '', ''], ['/nowhere', '', '']
    ] as const) {
      const refused = await edge.send(asked, { method: asked === '/sse' || asked === '/status' ? 'GET' : 'POST' })
      assert.equal(refused.status, 401)
      assert.equal(String(refused.headers['www-authenticate']), `Bearer scope="${SCOPES.join(' ')}", resource_metadata="https://mcp.example${WELL_KNOWN}${path}"`, asked)
      const answer = await edge.send(WELL_KNOWN + path)
      assert.equal(answer.status, 200)
      assert.deepEqual(JSON.parse(answer.body()), { resource: `https://mcp.example${resource}`, authorization_servers: ['https://idp.example'], bearer_methods_supported: ['header'], scopes_supported: SCOPES })
    }
  })

  test('tells nobody which servers exist: known, hidden and made-up names get the same answer but for the name (T25)', async (t) => {
    const { settings } = edgeSettings({ auth: oauth('https://mcp.example'), tenants: new Map([[brandAs<TenantId>('acme'), { servers: [], tools: { deny: [] }, limits: {} }]]) })
    const edge = await startEdge({ settings })
    t.after(() => edge.close())
    const of = async (name: string) => {
      const { status, headers: { 'x-request-id': _id, date: _date, 'content-length': _length, ...headers }, body } = await edge.send(`${WELL_KNOWN}/servers/${name}/mcp`)
      return JSON.stringify([status, headers, body()]).replaceAll(name, '<name>')
    }
    assert.equal(await of('notes'), await of('nope'))
  })

  test('of a resource with a path is at that path, and not at the root', async (t) => {
    const edge = await startEdge({ settings: edgeSettings({ auth: oauth('https://mcp.example/mcp') }).settings })
    t.after(() => edge.close())
    assert.equal((JSON.parse((await edge.send(`${WELL_KNOWN}/mcp`)).body()) as { resource: string }).resource, 'https://mcp.example/mcp')
    assert.equal((await edge.send(WELL_KNOWN)).status, 404)
    assert.match(String((await edge.send('/status')).headers['www-authenticate']), /resource_metadata="https:\/\/mcp\.example\/\.well-known\/oauth-protected-resource\/mcp"$/)
  })

  test('is at no other path, and names nothing that is no endpoint', async (t) => {
    const edge = await startEdge({ settings: edgeSettings({ auth: oauth('https://mcp.example') }).settings })
    t.after(() => edge.close())
    for (const path of ['/', '/sse', '/servers/notes', '/servers/notes/mcp/', '/servers/a%22b%zz/mcp', '/servers/%00/mcp/x']) {
      const answer = await edge.send(WELL_KNOWN + path)
      assert.ok([400, 401, 404].includes(answer.status), `${path} ${answer.status}`)
    }
    assert.match((await edge.send(`${WELL_KNOWN}/servers/%22%3Cscript%3E/mcp?x="`)).body(), /"resource":"https:\/\/mcp\.example\/servers\/%22%3Cscript%3E\/mcp"/)
    for (const method of ['POST', 'PUT', 'DELETE']) assert.equal((await edge.send(WELL_KNOWN, { method })).status, 401)
  })

  test('without OAuth there is none', async (t) => {
    const edge = await startEdge({ settings: edgeSettings().settings })
    t.after(() => edge.close())
    for (const path of ['', '/mcp', '/servers/notes/mcp']) assert.equal((await edge.send(WELL_KNOWN + path)).status, 401)
    assert.equal(String((await edge.send('/mcp')).headers['www-authenticate']), 'Bearer')
  })

  test('a 403 for a missing scope names the metadata of its endpoint and all scopes of the operation (step-up)', async (t) => {
    const { settings, key } = edgeSettings({ auth: oauth('https://mcp.example') })
    const [entry] = settings.auth.apiKeys
    const narrow = { ...settings, auth: { ...settings.auth, apiKeys: entry === undefined ? [] : [{ ...entry, scopes: ['tools:read'] }] } }
    const edge = await startEdge({ settings: narrow })
    t.after(() => edge.close())
    const answer = await edge.send('/servers/notes/tools', { headers: key.bearer, body: { tool_name: 'x' } })
    assert.equal(answer.status, 403)
    assert.equal(String(answer.headers['www-authenticate']), `Bearer error="insufficient_scope", scope="tools:call", resource_metadata="https://mcp.example${WELL_KNOWN}/servers/notes/mcp"`)
  })
})
