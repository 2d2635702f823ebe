import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Principal } from '../../../src/shared/principal.ts'
import type { RoleSettings } from '../../../src/shared/settings/access.ts'
import { createPolicy } from '../../../src/tenancy/index.ts'
import type { FeatureKind, Policy } from '../../../src/tenancy/index.ts'
import { access, name, principal, server, tenantId } from './entries.ts'

const servers = new Map([server('crm'), server('files', { tools: { deny: ['format'] } })])

function policyWith (roles: Readonly<Record<string, RoleSettings>>, own: Readonly<Record<string, RoleSettings>> = {}): Policy {
  const acme = { ...access({ servers: ['crm', 'files'], tools: { deny: ['crm__drop'] }, resources: { deny: ['files+file:///secret/*'] } }), limits: {}, roles: new Map(Object.entries(own)) }
  return createPolicy({ servers, tenants: new Map([[tenantId('acme'), acme]]), roles: new Map(Object.entries(roles)) })
}

const withRoles = (...roles: string[]): Principal => principal('acme', undefined, roles)

function opens (policy: Policy, caller: Principal, at: string, subject: string, kind: FeatureKind = 'tool'): boolean {
  return policy.refusal(caller, name(at), kind, subject) === undefined
}

test('a role opens what it names and nothing else; without roles the tenant decides, with none of them nothing', () => {
  const policy = policyWith({ reader: access({ servers: ['files'], tools: { allow: ['files__read_*'] } }) })
  assert.deepEqual(policy.servers(withRoles('reader')), ['files'])
  assert.ok(opens(policy, withRoles('reader'), 'files', 'read_file'))
  assert.equal(policy.refusal(withRoles('reader'), name('files'), 'tool', 'write')?.code, 'GW_ROUTE_TOOL')
  assert.equal(policy.refusal(withRoles('reader'), name('crm'), 'tool', 'get')?.code, 'GW_ROUTE_SERVER')
  assert.ok(opens(policy, principal('acme'), 'crm', 'get'))
  for (const nobody of [withRoles(), withRoles('stranger'), withRoles('constructor', '__proto__')]) assert.deepEqual(policy.servers(nobody), [])
})

test('a role never opens what its tenant, its server or its credential does not', () => {
  const policy = policyWith({ all: access() })
  assert.ok(!opens(policy, withRoles('all'), 'crm', 'drop'))
  assert.ok(!opens(policy, withRoles('all'), 'files', 'format'))
  assert.ok(!opens(policy, withRoles('all'), 'files', 'file:///secret/key', 'resource'))
  assert.ok(opens(policy, withRoles('all'), 'files', 'file:///open', 'resource'))
  assert.equal(policy.refusal(principal('acme', ['tools:read'], ['all']), name('crm'), 'tool', 'get')?.code, 'GW_AUTH_SCOPE')
  assert.deepEqual(policy.servers(principal('globex', undefined, ['all'])), [])
})

test('several roles open what each of them opens; what one denies, none opens', () => {
  const policy = policyWith({ reader: access({ tools: { allow: ['*__read_*'] } }), writer: access({ servers: ['files'], tools: { allow: ['*__write_*'] } }), careful: access({ tools: { allow: [], deny: ['*__write_all'] } }) })
  const both = withRoles('reader', 'writer')
  assert.ok(opens(policy, both, 'files', 'write_x') && opens(policy, both, 'crm', 'read_x'))
  assert.ok(!opens(policy, both, 'crm', 'write_x'))
  assert.ok(opens(policy, both, 'files', 'write_all'))
  assert.ok(!opens(policy, withRoles('reader', 'writer', 'careful'), 'files', 'write_all'))
})

test("a tenant's own role stands in place of the common one", () => {
  const policy = policyWith({ reader: access() }, { reader: access({ servers: ['crm'] }) })
  assert.deepEqual(policy.servers(withRoles('reader')), ['crm'])
})

test('scopes of a role: out of scope is 403 as for the scopes of a credential, hidden or not', () => {
  const policy = policyWith({ looker: access({ scopes: ['tools:read'] }), caller: access({ servers: ['crm'], scopes: ['tools:call:crm__*'] }) })
  for (const tool of ['get', 'drop']) assert.deepEqual(policy.refusal(withRoles('looker'), name('crm'), 'tool', tool), { code: 'GW_AUTH_SCOPE', scopes: ['tools:call'] })
  assert.equal(policy.missingListScope(withRoles('looker'), 'tool'), undefined)
  assert.deepEqual(policy.missingListScope(withRoles('caller'), 'tool'), ['tools:read'])
  assert.deepEqual(policy.missingListScope(withRoles('looker'), 'prompt'), ['prompts:read'])
  // One role shows it, and the scope is another's.
  const shown = policyWith({ looker: access({ servers: ['files'], scopes: [] }), caller: access({ servers: ['crm'] }) })
  assert.equal(shown.visible(withRoles('looker', 'caller'), name('files'), 'tool', 'read'), true)
  assert.equal(shown.refusal(withRoles('looker', 'caller'), name('files'), 'tool', 'read')?.code, 'GW_AUTH_SCOPE')
})
