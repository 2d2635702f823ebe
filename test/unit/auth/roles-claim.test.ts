import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readIdentity } from '../../../src/auth/jwt/identity.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { TenantId } from '../../../src/shared/ids.ts'

const settings = { issuer: 'https://idp.example.com', audience: ['x'], tenant: brandAs<TenantId>('acme'), tenantClaim: 'tenant', userClaim: 'sub', scopeClaim: 'scope', userPrefix: '' }

function rolesOf (payload: object, rolesClaim?: string): readonly string[] | string | undefined {
  const verdict = readIdentity({ sub: 'alice', exp: 1, ...payload }, { settings: { ...settings, ...(rolesClaim === undefined ? {} : { rolesClaim }) }, foreignPrefixes: [] }, 'digest')
  return verdict.ok ? (verdict.value as { roles?: readonly string[] }).roles : verdict.error.reason
}

test('roles count where the operator names their claim; a token without it has none there (T04)', () => {
  assert.equal(rolesOf({ roles: ['admin'] }), undefined)
  assert.deepEqual(rolesOf({ roles: ['admin'] }, 'roles'), ['admin'])
  assert.deepEqual(rolesOf({ 'https://acme.example/roles': 'reader writer' }, 'https://acme.example/roles'), ['reader', 'writer'])
  assert.deepEqual(rolesOf({}, 'roles'), [])
  assert.equal(rolesOf({ roles: { admin: true } }, 'roles'), 'claims')
})
