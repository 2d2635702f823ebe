import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { createOwners, shareOf } from '../../../src/processes/index.ts'
import { copyLines } from '../../../src/processes/copy-lines.ts'
import { brandAs, type TenantId, type UserId } from '../../../src/shared/ids.ts'
import type { Settings, TenantSettings } from '../../../src/shared/settings.ts'
import { serverSettings } from '../../helpers/server-settings.ts'

const caller = (tenant: string, user: string) => ({ tenant: brandAs<TenantId>(tenant), user: brandAs<UserId>(user) })
const rules = { deny: [] }

describe('who owns a caller', () => {
  it('users are spread evenly, and alike in every process', () => {
    const [one, other] = [createOwners({}, 4), createOwners({}, 4)]
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 4000; i++) {
      const owner = one.ownerOf(caller('acme', `u${i}`))
      assert.equal(other.ownerOf(caller('acme', `u${i}`)), owner)
      counts[owner] = (counts[owner] ?? 0) + 1
    }
    for (const count of counts) assert.ok(count > 850 && count < 1150, counts.join())
  })

  it('users of a tenant with a limit of its own stay together, those of a tenant without are spread', () => {
    const tenants = new Map<TenantId, TenantSettings>([
      [brandAs<TenantId>('bound'), { tools: rules, limits: { callsPerMinute: 5 } }],
      [brandAs<TenantId>('free'), { tools: rules, limits: {} }]
    ])
    const owners = createOwners({ tenants }, 3)
    const of = (tenant: string): Set<number> => new Set(Array.from({ length: 50 }, (_, i) => owners.ownerOf(caller(tenant, `u${i}`))))
    assert.equal(of('bound').size, 1)
    assert.equal(of('free').size, 3)
  })

  it('users of each tenant stay together where a tool has a limit, which they share', () => {
    const limited = serverSettings({ tools: { ...serverSettings().tools, callsPerMinute: { send: 10 } } })
    const owners = createOwners({ servers: new Map([[limited.name, limited]]) }, 3)
    const of = (tenant: string): Set<number> => new Set(Array.from({ length: 50 }, (_, i) => owners.ownerOf(caller(tenant, `u${i}`))))
    assert.equal(of('acme').size, 1)
    assert.equal(new Set(Array.from({ length: 50 }, (_, i) => [...of(`t${i}`)][0])).size, 3)
  })

  it('no name imitates the border between tenant and user', () => {
    const owners = createOwners({}, 1000)
    assert.notEqual(owners.ownerOf(caller('a","b', 'c')), owners.ownerOf(caller('a', 'b","c')))
  })
})

describe('the share of one process', () => {
  it('divides bounds over all callers, rounded up, and leaves those of a user whole', () => {
    const server = serverSettings({ pool: { warm: 3, max: 5, maxPerTenant: 1, idleMs: 7 } })
    const settings = { pool: { maxWorkers: 9, maxWorkersPerTenant: 4, maxWorkersPerUser: 20, maxStarting: 4 }, limits: { callsPerMinute: 100, totalConcurrentCalls: 11 }, servers: new Map([[server.name, server]]) }
    const share = shareOf(settings as unknown as Settings, 2)
    assert.deepEqual(share.pool, { maxWorkers: 5, maxWorkersPerTenant: 2, maxWorkersPerUser: 20, maxStarting: 2 })
    assert.deepEqual(share.limits, { callsPerMinute: 100, totalConcurrentCalls: 6 })
    assert.deepEqual(share.servers.get(server.name)?.pool, { warm: 2, max: 3, maxPerTenant: 1, idleMs: 7 })
    assert.equal(share.servers.get(server.name)?.entryHash, server.entryHash)
  })
})

describe('output of several processes', () => {
  it('whole lines only, wherever the pipe cuts them, and the last one without an end', async () => {
    const [one, two, out] = [new PassThrough(), new PassThrough(), new PassThrough()]
    copyLines(one, out)
    copyLines(two, out)
    one.write('aaa')
    two.write('bb\nb')
    one.write('a\nx\ny')
    two.end('b\n')
    one.end('z')
    await new Promise((resolve) => { one.on('close', resolve) })
    out.end()
    const lines = (await out.toArray()).join('').split('\n')
    assert.deepEqual(lines.filter((line) => line !== '').toSorted(), ['aaaa', 'bb', 'bb', 'x', 'yz'])
  })
})
