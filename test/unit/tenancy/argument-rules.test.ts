import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ArgumentRule } from '../../../src/shared/settings/access.ts'
import { createPolicy } from '../../../src/tenancy/index.ts'
import { access, name, principal, server, tenantId } from './entries.ts'

const below: ArgumentRule = { tools: ['fs__write_*'], arguments: { type: 'object', properties: { path: { type: 'string', pattern: '^/home/' } }, required: ['path'] }, effect: 'allow' }
const noSecrets: ArgumentRule = { tools: ['fs__*'], arguments: { type: 'object', properties: { path: { type: 'string', pattern: '\\.key$' } }, required: ['path'] }, effect: 'deny', message: 'Keys stay where they are.' }

/** @param roles absent = the caller has none */
function refusalOf (tool: string, args: unknown, tenantRules: readonly ArgumentRule[], roles?: Readonly<Record<string, readonly ArgumentRule[]>>): string | undefined {
  const policy = createPolicy({
    servers: new Map([server('fs')]),
    tenants: new Map([[tenantId('acme'), { ...access({ rules: tenantRules }), limits: {} }]]),
    roles: new Map(Object.entries(roles ?? {}).map(([role, rules]) => [role, access({ rules })]))
  })
  return policy.decision(principal('acme', undefined, roles && Object.keys(roles)), name('fs'), 'tool', tool).conditions?.refusal(args)
}

test('of tools that allow rules name, only calls that fit one of them go through; the message names the place', () => {
  assert.equal(refusalOf('write_file', { path: '/home/a' }, [below]), undefined)
  assert.equal(refusalOf('write_file', { path: '/etc/passwd' }, [below]), 'A policy of this gateway does not allow these arguments: allowed is a string that matches "^/home/" (arguments.path)')
  assert.equal(refusalOf('write_file', {}, [below]), 'A policy of this gateway does not allow these arguments: allowed is a value, but it is missing (arguments.path)')
  assert.equal(refusalOf('read_file', { path: '/etc/passwd' }, [below]), undefined)
  assert.equal(refusalOf('write_file', { path: '/tmp/x' }, [below, { ...below, arguments: { properties: { path: { pattern: '^/tmp/' } } } }]), undefined)
})

test('a call that fits a deny rule is refused, whatever allows it, with the message of the operator', () => {
  assert.equal(refusalOf('write_file', { path: '/home/a.key' }, [below, noSecrets]), 'Keys stay where they are. (arguments.path)')
  assert.equal(refusalOf('read_file', { path: '/home/a.txt' }, [noSecrets]), undefined)
  assert.equal(refusalOf('read_file', { path: 1 }, [noSecrets]), undefined)
})

test('rules of roles: one role that lets the call through is enough, one that denies it too, also a role that opens nothing', () => {
  assert.ok(refusalOf('write_file', { path: '/etc/x' }, [], { writer: [below] }))
  assert.equal(refusalOf('write_file', { path: '/etc/x' }, [], { writer: [below], admin: [] }), undefined)
  assert.ok(refusalOf('write_file', { path: '/etc/x' }, [below], { admin: [] }))
  assert.ok(refusalOf('write_file', { path: '/etc/x.key' }, [], { writer: [noSecrets], admin: [] }))
  const policy = createPolicy({
    servers: new Map([server('fs')]),
    roles: new Map([['careful', access({ servers: [], rules: [noSecrets] })], ['all', access()]])
  })
  assert.ok(policy.decision(principal('any', undefined, ['all', 'careful']), name('fs'), 'tool', 'read').conditions?.refusal({ path: 'x.key' }))
})

test('without rules for a tool there is nothing to look at', () => {
  const policy = createPolicy({ servers: new Map([server('fs')]), tenants: new Map([[tenantId('acme'), { ...access({ rules: [below] }), limits: {} }]]) })
  assert.equal(policy.decision(principal('acme'), name('fs'), 'tool', 'read_file').conditions, undefined)
  assert.equal(policy.decision(principal('acme'), name('fs'), 'prompt', 'write_file').conditions, undefined)
})

test('what cannot be held to a rule in bounded time is refused, whatever the effect', () => {
  const hard = { tools: ['*'], arguments: { pattern: '(?=a)b' } } as const
  for (const effect of ['allow', 'deny'] as const) {
    assert.match(refusalOf('x', {}, [{ ...hard, effect }]) ?? '', /too large/)
    assert.match(refusalOf('x', { list: Array.from({ length: 300_000 }, () => 1) }, [{ tools: ['*'], arguments: { properties: { list: { items: { type: 'string', minLength: 1 }, contains: { const: 2 } } } }, effect }]) ?? '', effect === 'allow' ? /arguments\.list/ : /^$/)
  }
})
