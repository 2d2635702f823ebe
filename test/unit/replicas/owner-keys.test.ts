/** Who belongs together: one worker key is never served by two replicas (rulings 1, 7). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOwnerKeys, instanceOf, isOwnedBy } from '../../../src/replicas/index.ts'
import { taggedId } from '../../../src/replicas/session-tags.ts'
import { isSessionIdShape } from '../../../src/protocol/index.ts'
import { brandAs, type ServerName, type TenantId } from '../../../src/shared/ids.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import type { Settings } from '../../../src/shared/settings.ts'
import type { Isolation, ServerSettings } from '../../../src/shared/settings/server.ts'

const named = (name: string): ServerName => brandAs<ServerName>(name)
const caller = (tenant: string, user: string): Principal => ({ tenant: brandAs<TenantId>(tenant), user, userKey: JSON.stringify([tenant, user]) }) as unknown as Principal

function settings (isolations: Readonly<Record<string, Isolation>>, tenants?: Readonly<Record<string, readonly string[]>>): Pick<Settings, 'servers' | 'tenants'> {
  return {
    servers: new Map(Object.entries(isolations).map(([name, isolation]) => [named(name), { name, isolation } as unknown as ServerSettings])),
    ...(tenants === undefined ? {} : { tenants: new Map(Object.entries(tenants).map(([tenant, servers]) => [brandAs<TenantId>(tenant), { servers: servers.map(named) }])) as unknown as NonNullable<Settings['tenants']> })
  }
}

describe('owner keys', () => {
  it('are a user\'s for what is the user\'s own, and nobody\'s for what everybody shares', () => {
    const ownerKeyOf = createOwnerKeys(settings({ mine: 'user', brief: 'call', long: 'session', common: 'shared' }))
    const alice = caller('acme', 'alice')
    for (const name of ['mine', 'brief', 'long']) assert.equal(ownerKeyOf(alice, named(name)), '["acme","alice"]')
    assert.equal(ownerKeyOf(alice, named('common')), undefined)
    // The aggregate reaches all of them.
    assert.equal(ownerKeyOf(alice, undefined), '["acme","alice"]')
  })

  it('are nobody\'s where all servers are shared', () => {
    const ownerKeyOf = createOwnerKeys(settings({ one: 'shared', two: 'shared' }))
    assert.equal(ownerKeyOf(caller('acme', 'alice'), undefined), undefined)
  })

  it('are the tenant\'s, for all that its users do, where the tenant has a worker of its own', () => {
    const ownerKeyOf = createOwnerKeys(settings({ mine: 'user', team: 'tenant', common: 'shared' }, { acme: ['mine', 'team', 'common'], globex: ['mine', 'common'] }))
    for (const user of ['alice', 'bob']) for (const name of ['mine', 'team', undefined]) assert.equal(ownerKeyOf(caller('acme', user), name === undefined ? undefined : named(name)), '["acme"]')
    assert.equal(ownerKeyOf(caller('acme', 'alice'), named('common')), undefined)
    // Who may not use that server is not bound to it.
    assert.equal(ownerKeyOf(caller('globex', 'carol'), undefined), '["globex","carol"]')
    // Nobody can be told by name to be a tenant.
    assert.notEqual(ownerKeyOf(caller('globex', '["acme"]'), undefined), '["acme"]')
  })

  it('own what is theirs and nothing else', () => {
    const alice = caller('acme', 'alice')
    assert.ok(isOwnedBy('["acme","alice"]', alice) && isOwnedBy('["acme"]', alice))
    for (const key of ['["acme","bob"]', '["globex"]', '["globex","alice"]', '', '[]']) assert.ok(!isOwnedBy(key, alice))
  })
})

describe('tags of session ids', () => {
  const self = { name: 'one', instance: 'AbCdEf-_0123' }

  it('name the run that made them, and keep 256 random bits in the shape of session ids', () => {
    const id = taggedId(self)
    assert.match(id, /^one-AbCdEf-_0123[A-Za-z0-9_-]{43}$/)
    assert.ok(isSessionIdShape(id))
    assert.ok(isSessionIdShape(taggedId({ ...self, name: 'x'.repeat(16) })))
    assert.equal(instanceOf(id), self.instance)
    assert.equal(new Set(Array.from({ length: 1000 }, () => taggedId(self))).size, 1000)
  })

  it('are read out of anything without harm', () => {
    for (const id of ['', '-', '-AbCdEf-_0123x', 'one-', 'one-short', 'x'.repeat(43), `${'n'.repeat(17)}-AbCdEf-_0123xxxx`]) assert.equal(instanceOf(id), undefined, id)
  })
})
