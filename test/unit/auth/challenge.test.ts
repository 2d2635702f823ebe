import assert from 'node:assert/strict'
import { it } from 'node:test'
import { challenge } from '../../../src/auth/index.ts'

const METADATA = 'https://mcp.example/.well-known/oauth-protected-resource/servers/fs/mcp'

it('names an error only if a token was sent (RFC 6750 3.1)', () => {
  assert.equal(challenge({ code: 'GW_AUTH_REQUIRED' }, METADATA), `Bearer resource_metadata="${METADATA}"`)
  assert.equal(challenge({ code: 'GW_AUTH_REQUIRED' }), 'Bearer')
  assert.equal(challenge({ code: 'GW_AUTH_INVALID' }, METADATA), `Bearer error="invalid_token", resource_metadata="${METADATA}"`)
  assert.equal(challenge({ code: 'GW_AUTH_INVALID' }), 'Bearer error="invalid_token"')
  assert.equal(challenge({ code: 'GW_AUTH_AMBIGUOUS' }), 'Bearer error="invalid_request"')
})

it('names the scopes to ask for first, where a client has nothing yet', () => {
  assert.equal(challenge({ code: 'GW_AUTH_REQUIRED', scopes: ['tools:read', 'tools:call'] }, METADATA), `Bearer scope="tools:read tools:call", resource_metadata="${METADATA}"`)
  assert.equal(challenge({ code: 'GW_AUTH_INVALID', scopes: ['tools:read'] }), 'Bearer error="invalid_token", scope="tools:read"')
})

it('names all scopes of a 403', () => {
  assert.equal(challenge({ code: 'GW_AUTH_SCOPE', scopes: ['tools:read', 'tools:call'] }, METADATA),
    `Bearer error="insufficient_scope", scope="tools:read tools:call", resource_metadata="${METADATA}"`)
  assert.equal(challenge({ code: 'GW_AUTH_SCOPE' }), 'Bearer error="insufficient_scope"')
})

it('challenges nobody whom another token would not help', () => {
  assert.equal(challenge({ code: 'GW_AUTH_UNAVAILABLE' }, METADATA), undefined)
  assert.equal(challenge({ code: 'GW_AUTH_TENANT' }, METADATA), undefined)
})

it('nothing it is given can end the quotes or the header', () => {
  const evil = ['a"b', 'a\\b', 'a\r\nSet-Cookie: x', 'ok:1', 'é', 'a b', '', '\ud800']
  assert.equal(challenge({ code: 'GW_AUTH_SCOPE', scopes: evil }), 'Bearer error="insufficient_scope", scope="ok:1"')
  const value = challenge({ code: 'GW_AUTH_REQUIRED' }, `https://mcp.example/${evil.join('/')}`)
  assert.match(value ?? '', /^Bearer resource_metadata="[\x21\x23-\x5B\x5D-\x7E]+"$/)
  assert.ok(!/[\r\n]/.test(value ?? ''))
})
