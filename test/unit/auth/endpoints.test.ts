import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAuthenticator, createEndpoints } from '../../../src/auth/index.ts'
import type { Authenticator } from '../../../src/auth/index.ts'
import { AUDIENCE, secretIssuer, secretToken, testClock } from './fixtures.ts'

const ROOT = 'https://mcp.example'
const WELL_KNOWN = '/.well-known/oauth-protected-resource'

describe('names of the gateway and its endpoints (RFC 8707, RFC 9728)', () => {
  const endpoints = createEndpoints(ROOT)

  it('every spelling of an endpoint belongs to it, everything else to the root', () => {
    const rows: ReadonlyArray<readonly [target: string, endpoint: string | undefined]> = [
      ['/mcp', '/mcp'], ['/mcp/', '/mcp'], ['/mcp?x=/servers/a', '/mcp'], ['/mcp/tools', '/mcp'], ['/sse', '/mcp'], ['/messages/?session_id=x', '/mcp'],
      ['/servers/notes/mcp', '/servers/notes/mcp'], ['/servers/notes', '/servers/notes/mcp'], ['/servers/notes/sse', '/servers/notes/mcp'], ['/servers/notes/tools/batch', '/servers/notes/mcp'],
      ['/servers/my%20notes/mcp', '/servers/my%20notes/mcp'],
      ['/servers/', undefined], ['/servers', undefined], ['/servers/a"b/mcp', undefined], ['/servers/../mcp', undefined], [`/servers/${'x'.repeat(257)}/mcp`, undefined],
      ['/status', undefined], ['/', undefined], ['', undefined], ['//mcp', undefined], ['http://evil.example/mcp', undefined], ['*', undefined]
    ]
    for (const [target, endpoint] of rows) {
      assert.equal(endpoints.of(target), endpoint === undefined ? undefined : ROOT + endpoint, target)
      assert.equal(endpoints.metadataUrl(target), `${ROOT}${WELL_KNOWN}${endpoint ?? ''}`, target)
    }
  })

  it('an endpoint has one URL, and metadata at one path', () => {
    for (const path of ['/mcp', '/servers/notes/mcp', '/servers/nobody-has-this/mcp']) {
      assert.equal(endpoints.isEndpoint(ROOT + path), true)
      assert.equal(endpoints.describedAt(WELL_KNOWN + path), ROOT + path)
    }
    for (const path of ['', '/', '/mcp/', '/sse', '/servers/notes', '/servers/notes/mcp/', '/servers/notes/mcp?x', '/servers/notes/MCP', '/status']) assert.equal(endpoints.isEndpoint(ROOT + path), false, path)
    for (const path of ['/mcp/', '/sse', '/servers/notes', '/x', '/servers/a/b/mcp']) assert.equal(endpoints.describedAt(WELL_KNOWN + path), undefined, path)
    assert.equal(endpoints.isEndpoint('https://mcp.example.evil/mcp'), false)
    assert.equal(endpoints.isEndpoint('http://mcp.example/mcp'), false)
    assert.equal(endpoints.describedAt(WELL_KNOWN), ROOT)
    assert.equal(endpoints.describedAt('/elsewhere'), undefined)
  })

  it('a root with a path is described where RFC 9728 says', () => {
    const deep = createEndpoints('https://mcp.example/mcp')
    assert.equal(deep.describedAt(`${WELL_KNOWN}/mcp`), 'https://mcp.example/mcp')
    assert.equal(deep.describedAt(WELL_KNOWN), undefined)
    assert.equal(deep.metadataUrl('/status'), `https://mcp.example${WELL_KNOWN}/mcp`)
  })
})

describe('audiences of endpoints (T09)', () => {
  const auth = (oauth = true): Authenticator => createAuthenticator({ apiKeys: [], jwt: [secretIssuer()], ...(oauth ? { oauth: { resource: ROOT, authorizationServers: ['https://idp.example'] } } : {}) }, { clock: testClock() })
  const at = async (authenticator: Authenticator, aud: unknown, target: string): Promise<string> => {
    const verdict = await authenticator.authenticate(['authorization', `Bearer ${secretToken({ aud })}`], target)
    return verdict.ok ? 'accepted' : verdict.error.reason
  }

  it('what was issued for one endpoint opens it and no other, in whatever order it is tried', async () => {
    const notes = `${ROOT}/servers/notes/mcp`
    for (const order of [['/servers/notes/mcp', '/servers/other/mcp'], ['/servers/other/mcp', '/servers/notes/mcp']]) {
      const one = auth()
      for (const target of [...order, ...order]) assert.equal(await at(one, notes, target), target.includes('notes') ? 'accepted' : 'audience', target)
      for (const target of ['/servers/notes/sse', '/servers/notes/tools']) assert.equal(await at(one, notes, target), 'accepted')
      for (const target of ['/mcp', '/status', '/servers/notesx/mcp', '/servers/note/mcp', '/servers/other/mcp?/servers/notes/mcp']) assert.equal(await at(one, notes, target), 'audience', target)
    }
  })

  it('the root and the configured audience open all; several endpoints open those', async () => {
    const one = auth()
    for (const aud of [ROOT, AUDIENCE, [`${ROOT}/servers/a/mcp`, ROOT]]) for (const target of ['/mcp', '/servers/b/mcp', '/status']) assert.equal(await at(one, aud, target), 'accepted', target)
    const two = [`${ROOT}/servers/a/mcp`, `${ROOT}/mcp`]
    assert.deepEqual(await Promise.all(['/servers/a/mcp', '/mcp', '/servers/b/mcp'].map((target) => at(one, two, target))), ['accepted', 'accepted', 'audience'])
  })

  it('prefixes, other spellings and other hosts are no endpoints; without oauth there are none', async () => {
    const one = auth()
    for (const aud of [`${ROOT}/`, `${ROOT}/servers/notes`, `${ROOT}/servers/notes/mcp/`, `${ROOT}.evil/servers/notes/mcp`, `${ROOT}/servers/notes/mcp#x`, 'http://mcp.example/servers/notes/mcp']) assert.equal(await at(one, aud, '/servers/notes/mcp'), aud === AUDIENCE ? 'accepted' : 'audience', aud)
    assert.equal(await at(auth(false), `${ROOT}/servers/notes/mcp`, '/servers/notes/mcp'), 'audience')
  })
})
