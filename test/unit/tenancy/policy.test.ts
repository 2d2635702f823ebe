import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPolicy } from '../../../src/tenancy/index.ts'
import type { FeatureKind, PolicyRefusal } from '../../../src/tenancy/index.ts'
import { name, principal, server, tenant } from './entries.ts'

const fs = name('fs')
const crm = name('crm')

describe('servers and tenants', () => {
  it('lets every tenant use every server, in the order of the file, when no tenants are configured', () => {
    const policy = createPolicy({ servers: new Map([server('zeta'), server('fs'), server('alpha')]) })
    const anyone = principal('whoever')
    assert.equal(policy.tenantKnown(anyone), true)
    assert.deepEqual(policy.servers(anyone), ['zeta', 'fs', 'alpha'])
    assert.equal(policy.mayUseServer(anyone, fs), true)
    assert.equal(policy.mayUseServer(anyone, name('nope')), false)
  })

  it('opens nothing to a tenant that the file does not name', () => {
    const policy = createPolicy({ servers: new Map([server('fs')]), tenants: new Map([tenant('acme')]) })
    const stranger = principal('globex')
    assert.equal(policy.tenantKnown(stranger), false)
    assert.deepEqual(policy.servers(stranger), [])
    assert.equal(policy.mayUseServer(stranger, fs), false)
    assert.equal(policy.visible(stranger, fs, 'tool', 'read'), false)
    assert.deepEqual(policy.refusal(stranger, fs, 'tool', 'read'), { code: 'GW_ROUTE_SERVER' })
  })

  it('reads an absent list of servers as all, an empty one as none, and keeps the order of the file', () => {
    const servers = new Map([server('fs'), server('crm')])
    const policy = createPolicy({ servers, tenants: new Map([tenant('all'), tenant('none', {}, []), tenant('two', {}, ['crm', 'fs', 'gone'])]) })
    assert.deepEqual(policy.servers(principal('all')), ['fs', 'crm'])
    assert.deepEqual(policy.servers(principal('none')), [])
    assert.equal(policy.tenantKnown(principal('none')), true)
    assert.deepEqual(policy.servers(principal('two')), ['fs', 'crm'])
  })

  it('answers for an unknown server as for a forbidden one (T25)', () => {
    const policy = createPolicy({ servers: new Map([server('fs'), server('crm')]), tenants: new Map([tenant('acme', {}, ['fs'])]) })
    const caller = principal('acme')
    assert.equal(policy.refusal(caller, crm, 'tool', 'x'), policy.refusal(caller, name('nope'), 'tool', 'x'))
  })
})

describe('allow and deny', () => {
  type Row = readonly [title: string, rules: Parameters<typeof server>[1], tenantRules: Parameters<typeof tenant>[1], kind: FeatureKind, subject: string, visible: boolean]
  const rows: readonly Row[] = [
    ['no rules', {}, {}, 'tool', 'read', true],
    ['allow names it', { tools: { allow: ['read_*'] } }, {}, 'tool', 'read_file', true],
    ['allow names others', { tools: { allow: ['read_*'] } }, {}, 'tool', 'write', false],
    ['empty allow', { tools: { allow: [] } }, {}, 'tool', 'read', false],
    ['empty deny', { tools: { deny: [] } }, {}, 'tool', 'read', true],
    ['deny wins over the same name', { tools: { allow: ['read'], deny: ['read'] } }, {}, 'tool', 'read', false],
    ['deny wins over *', { tools: { allow: ['*'], deny: ['del*'] } }, {}, 'tool', 'delete', false],
    ['deny * closes all', { tools: { deny: ['*'] } }, {}, 'tool', 'read', false],
    ['bare names under a server, not qualified ones', { tools: { deny: ['fs__read'] } }, {}, 'tool', 'read', true],
    ['tenant deny, qualified', {}, { deny: ['fs__del*'] }, 'tool', 'delete', false],
    ['tenant deny of another server', {}, { deny: ['crm__*'] }, 'tool', 'delete', true],
    ['tenant deny, bare name', {}, { deny: ['delete'] }, 'tool', 'delete', true],
    ['tenant allow, empty', {}, { allow: [] }, 'tool', 'read', false],
    ['tenant allow that matches, server deny', { tools: { deny: ['read'] } }, { allow: ['fs__*'] }, 'tool', 'read', false],
    ['tenant allow that misses, server allow', { tools: { allow: ['read'] } }, { allow: ['crm__*'] }, 'tool', 'read', false],
    ['tools rules say nothing about prompts', { tools: { deny: ['*'] } }, { deny: ['*'] }, 'prompt', 'greet', true],
    ['prompts have their own', { prompts: { deny: ['greet'] } }, {}, 'prompt', 'greet', false],
    ['resources have their own', { resources: { allow: ['file:///data/*'] } }, {}, 'resource', 'file:///data/a', true],
    ['resources have their own (other)', { resources: { allow: ['file:///data/*'] } }, {}, 'resource', 'file:///etc/passwd', false]
  ]
  for (const [title, rules, tenantRules, kind, subject, visible] of rows) {
    it(`${title}: ${kind} ${subject} is ${visible ? 'visible' : 'hidden'}`, () => {
      const policy = createPolicy({ servers: new Map([server('fs', rules)]), tenants: new Map([tenant('acme', tenantRules)]) })
      const caller = principal('acme')
      assert.equal(policy.visible(caller, fs, kind, subject), visible)
      assert.equal(policy.refusal(caller, fs, kind, subject) === undefined, visible)
      assert.equal(policy.visible(caller, fs, kind, subject), visible, 'the remembered answer is the same')
    })
  }

  it('hides with the code of the unknown, per kind', () => {
    const none = { allow: [] }
    const policy = createPolicy({ servers: new Map([server('fs', { tools: none, prompts: none, resources: none })]) })
    const codes = (['tool', 'prompt', 'resource'] as const).map((kind) => policy.refusal(principal('acme'), fs, kind, 'x'))
    assert.deepEqual(codes, [{ code: 'GW_ROUTE_TOOL' }, { code: 'GW_ROUTE_PROMPT' }, { code: 'GW_ROUTE_RESOURCE' }])
  })
})

describe('scopes', () => {
  const policy = createPolicy({ servers: new Map([server('fs', { tools: { deny: ['hidden'] } })]) })
  const outOfScope = (scope: string): PolicyRefusal => ({ code: 'GW_AUTH_SCOPE', scopes: [scope] })
  type Row = readonly [scopes: readonly string[] | undefined, list: boolean, read: boolean, write: boolean, prompts: boolean, resources: boolean]
  const rows: readonly Row[] = [
    [undefined, true, true, true, true, true],
    [['*'], true, true, true, true, true],
    [[], false, false, false, false, false],
    [[''], false, false, false, false, false],
    [['openid', 'tools', 'tools:*', 'TOOLS:READ'], false, false, false, false, false],
    [['tools:read'], true, false, false, false, false],
    [['tools:call'], false, true, true, false, false],
    [['tools:call:'], false, false, false, false, false],
    [['tools:call:fs__read'], false, true, false, false, false],
    [['tools:call:read'], false, false, false, false, false],
    [['tools:call:*__read'], false, true, false, false, false],
    [['tools:call:crm__*'], false, false, false, false, false],
    [['tools:read', 'tools:call:fs__*'], true, true, true, false, false],
    [['prompts:read'], false, false, false, true, false],
    [['resources:read'], false, false, false, false, true]
  ]
  for (const [scopes, list, read, write, prompts, resources] of rows) {
    it(JSON.stringify(scopes) ?? 'absent', () => {
      const caller = principal('acme', scopes)
      assert.deepEqual(policy.missingListScope(caller, 'tool'), list ? undefined : ['tools:read'])
      assert.deepEqual(policy.refusal(caller, fs, 'tool', 'read'), read ? undefined : outOfScope('tools:call'))
      assert.deepEqual(policy.refusal(caller, fs, 'tool', 'write'), write ? undefined : outOfScope('tools:call'))
      assert.deepEqual(policy.missingListScope(caller, 'prompt'), prompts ? undefined : ['prompts:read'])
      assert.deepEqual(policy.refusal(caller, fs, 'prompt', 'p'), prompts ? undefined : outOfScope('prompts:read'))
      assert.deepEqual(policy.missingListScope(caller, 'resource'), resources ? undefined : ['resources:read'])
      assert.deepEqual(policy.refusal(caller, fs, 'resource', 'r'), resources ? undefined : outOfScope('resources:read'))
    })
  }

  it('refuses in the order server, scope, visibility', () => {
    const caller = principal('acme', [])
    assert.deepEqual(policy.refusal(caller, name('nope'), 'tool', 'read'), { code: 'GW_ROUTE_SERVER' })
    assert.deepEqual(policy.refusal(caller, fs, 'tool', 'hidden'), outOfScope('tools:call'))
    assert.deepEqual(policy.refusal(principal('acme', ['tools:call']), fs, 'tool', 'hidden'), { code: 'GW_ROUTE_TOOL' })
  })
})

describe('memory of decisions', () => {
  it('never lends one principal the answer of another', () => {
    const policy = createPolicy({ servers: new Map([server('fs')]), tenants: new Map([tenant('a', { deny: ['fs__x'] }), tenant('b')]) })
    for (let round = 0; round < 2; round++) {
      assert.equal(policy.visible(principal('a'), fs, 'tool', 'x'), false)
      assert.equal(policy.visible(principal('b'), fs, 'tool', 'x'), true)
      assert.equal(policy.refusal(principal('b', []), fs, 'tool', 'x')?.code, 'GW_AUTH_SCOPE')
    }
  })

  it('stays right when a caller invents more names than are remembered', () => {
    const policy = createPolicy({ servers: new Map([server('fs', { tools: { allow: ['good'] } })]) })
    const caller = principal('acme')
    for (let i = 0; i < 5000; i++) assert.equal(policy.visible(caller, fs, 'tool', `made-up-${i}`), false)
    assert.equal(policy.visible(caller, fs, 'tool', 'good'), true)
    assert.equal(policy.visible(caller, fs, 'tool', `made-up-${'x'.repeat(10_000)}`), false)
  })
})
