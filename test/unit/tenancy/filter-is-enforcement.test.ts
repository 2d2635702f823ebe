import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPolicy } from '../../../src/tenancy/index.ts'
import type { Policy } from '../../../src/tenancy/index.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import { seeded } from '../../helpers/random.ts'
import { access, name, principal, server, tenantId } from './entries.ts'

const names = ['read', 'read_file', 'write', 'delete_all', '']
const patterns = ['*', 'read*', '*file', 'write', 'delete_*', 'a__*', 'b__read', '*__write', 'a+*', '*+read']
const kinds = ['tool', 'prompt', 'resource'] as const
const scopes = ['tools:read', 'tools:call', 'tools:call:a__*', 'prompts:read', 'resources:read', '*']

function pick<T> (random: () => number, from: readonly T[]): readonly T[] {
  return from.filter(() => random() < 0.3)
}

function world (random: () => number): { policy: Policy, caller: Principal } {
  const rules = () => ({ deny: pick(random, patterns), ...(random() < 0.5 ? { allow: pick(random, patterns) } : {}) })
  const features = () => ({ tools: rules(), prompts: rules(), resources: rules() })
  const servers = () => random() < 0.5 ? {} : { servers: pick(random, ['a', 'b']) }
  const role = () => access({ ...features(), ...servers(), ...(random() < 0.5 ? {} : { scopes: pick(random, scopes) }) })
  const policy = createPolicy({
    servers: new Map([server('a', features()), server('b', features())]),
    tenants: new Map([[tenantId('acme'), { ...access({ ...features(), ...servers() }), limits: {}, roles: new Map([['reader', role()]]) }]]),
    roles: new Map([['reader', role()], ['writer', role()]])
  })
  const own = random() < 0.5 ? undefined : pick(random, ['reader', 'writer', 'unknown'])
  return { policy, caller: principal('acme', random() < 0.5 ? undefined : pick(random, scopes), own) }
}

test('what a list shows can be called, and what it hides cannot: 2,000 random policies (T54)', () => {
  const random = seeded(20261122)
  for (let i = 0; i < 2000; i++) {
    const { policy, caller } = world(random)
    const everything = { ...caller, scopes: ['*'] }
    const { roles: _roles, ...unrestricted } = caller
    for (const id of ['a', 'b', 'c'].map(name)) {
      for (const kind of kinds) {
        for (const subject of names) {
          const visible = policy.visible(caller, id, kind, subject)
          const refusal = policy.refusal(caller, id, kind, subject)
          const context = `world ${i}: ${id} ${kind} ${subject}`
          if (!visible) assert.ok(refusal, context)
          if (visible && refusal) assert.equal(refusal.code, 'GW_AUTH_SCOPE', context)
          if (caller.roles === undefined) assert.equal(policy.refusal(everything, id, kind, subject) === undefined, visible, context)
          // A role opens nothing that the tenant or the scopes do not.
          if (refusal === undefined) assert.equal(policy.refusal(unrestricted, id, kind, subject), undefined, context)
          if (visible) assert.ok(policy.visible(unrestricted, id, kind, subject), context)
          assert.deepEqual(policy.decision(caller, id, kind, subject), { visible, refusal, conditions: undefined }, context)
          if (visible) assert.ok(policy.mayUseServer(caller, id) && policy.servers(caller).includes(id), context)
        }
      }
    }
  }
})
