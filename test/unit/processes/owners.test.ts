import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { createOwners, shareOf } from '../../../src/processes/index.ts'
import { createOwnerBook } from '../../../src/processes/owner-book.ts'
import { copyLines } from '../../../src/processes/copy-lines.ts'
import { brandAs, type TenantId, type UserId } from '../../../src/shared/ids.ts'
import type { Settings } from '../../../src/shared/settings.ts'
import type { TenantSettings } from '../../../src/shared/settings/tenant.ts'
import { serverSettings } from '../../helpers/server-settings.ts'

const caller = (tenant: string, user: string) => ({ tenant: brandAs<TenantId>(tenant), user: brandAs<UserId>(user) })
const rules = { deny: [] }

describe('who owns a caller', () => {
  it('is asked once for each, and by what belongs together: a user, or a tenant with limits of its own', async () => {
    const tenants = new Map<TenantId, TenantSettings>([
      [brandAs<TenantId>('bound'), { tools: rules, limits: { callsPerMinute: 5 } }],
      [brandAs<TenantId>('free'), { tools: rules, limits: {} }]
    ])
    const asked: string[] = []
    const owners = createOwners({ tenants }, (key) => { asked.push(key); return Promise.resolve(asked.length) })
    const of = async (tenant: string, user: string): Promise<number> => await owners.ownerOf(caller(tenant, user))
    assert.deepEqual(await Promise.all([of('bound', 'a'), of('bound', 'b'), of('free', 'a'), of('free', 'b'), of('free', 'a')]), [1, 1, 2, 3, 2])
    assert.equal(owners.ownerOf(caller('free', 'b')), 3)
    assert.deepEqual(asked, ['["bound"]', '["free","a"]', '["free","b"]'])
  })

  it('a limit of a tool keeps the users of every tenant together', async () => {
    const server = serverSettings({ tools: { deny: [], timeoutMs: {}, callsPerMinute: { slow: 5 } } })
    const owners = createOwners({ servers: new Map([[server.name, server]]) }, (key) => Promise.resolve(key.length))
    assert.equal(await owners.ownerOf(caller('acme', 'a')), await owners.ownerOf(caller('acme', 'somebody else')))
  })

  it('no name imitates the border between tenant and user', async () => {
    const owners = createOwners({}, (key) => Promise.resolve(Number.parseInt(hash('sha256', key).slice(0, 8), 16)))
    assert.notEqual(await owners.ownerOf(caller('a","b', 'c')), await owners.ownerOf(caller('a', 'b","c')))
  })

  it('is the process that asks first, for good, as long as none has many more than others', () => {
    const book = createOwnerBook(3)
    assert.deepEqual([book.ownerOf('a', 1), book.ownerOf('a', 2), book.ownerOf('b', 2)], [1, 1, 2])
    const owned = [0, 0, 0]
    for (let i = 0; i < 3000; i++) {
      const owner = book.ownerOf(`user ${i}`, 0)
      owned[owner] = (owned[owner] ?? 0) + 1
      assert.equal(book.ownerOf(`user ${i}`, 2), owner)
    }
    assert.ok(Math.min(...owned) > 850 && Math.max(...owned) < 1150, owned.join())
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
