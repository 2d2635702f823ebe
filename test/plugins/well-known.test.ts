import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEdge } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

test('the resource metadata is where the challenge says, open to everybody (RFC 9728)', async (t) => {
  for (const [resource, path] of [['https://mcp.example', '/.well-known/oauth-protected-resource'], ['https://mcp.example/mcp', '/.well-known/oauth-protected-resource/mcp']] as const) {
    const { settings } = edgeSettings({ auth: { oauth: { resource, authorizationServers: ['https://idp.example'] } } })
    const edge = await startEdge({ settings })
    t.after(() => edge.close())
    const challenge = String((await edge.send('/mcp', { method: 'POST', body: {} })).headers['www-authenticate'])
    assert.equal(challenge, `Bearer resource_metadata="https://mcp.example${path}"`)
    const answer = await edge.send(path)
    assert.equal(answer.status, 200)
    assert.deepEqual(JSON.parse(answer.body()), { resource, authorization_servers: ['https://idp.example'], bearer_methods_supported: ['header'], scopes_supported: ['tools:read', 'tools:call', 'resources:read', 'prompts:read'] })
  }
})

test('without OAuth there is none', async (t) => {
  const edge = await startEdge({ settings: edgeSettings().settings })
  t.after(() => edge.close())
  assert.equal((await edge.send('/.well-known/oauth-protected-resource')).status, 401)
})
