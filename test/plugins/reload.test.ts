import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reloadable, saysTheSame } from '../../plugins/reload/reloadable.ts'
import { removedKeys, summaryOf } from '../../plugins/reload/summary.ts'
import type { Settings } from '../../src/shared/settings.ts'
import { settingsOf } from '../unit/config/load.ts'

const KEY = { id: 'k1', sha256: 'a'.repeat(64), tenant: 'acme', user: 'alice' }
const document = (more: Record<string, unknown> = {}): Record<string, unknown> => ({ mcpServers: { one: { command: 'one' } }, http: { publicUrl: 'http://gateway.test' }, auth: { apiKeys: [KEY] }, ...more })
const settings = async (more?: Record<string, unknown>): Promise<Settings> => await settingsOf(document(more))

describe('what a running gateway takes over', () => {
  it('takes servers, tenants, limits and credentials, and names what waits for a restart', async () => {
    const running = await settings({ listen: { port: 1234 }, drainMs: 1000 })
    const next = await settings({ listen: { port: 4321 }, drainMs: 1000, mcpServers: { two: { command: 'two' } }, limits: { callsPerMinute: 7, ipRequestsPerMinute: 5 }, tenants: { acme: {} } })
    const { settings: taken, waiting } = reloadable(running, next)
    assert.deepEqual(waiting, ['listen', 'limits.ipRequestsPerMinute'])
    assert.equal(taken.listen.port, 1234)
    assert.deepEqual([...taken.servers.keys()], ['two'])
    assert.equal(taken.limits.callsPerMinute, 7)
    assert.equal(taken.limits.ipRequestsPerMinute, running.limits.ipRequestsPerMinute)
    assert.ok(taken.tenants?.has('acme' as never))
  })

  it('knows that nothing differs, whatever the revision', async () => {
    assert.ok(saysTheSame(await settings(), { ...await settings(), revision: 9 }))
    assert.ok(!saysTheSame(await settings(), await settings({ mcpServers: { one: { command: 'one', args: ['x'] } } })))
  })
})

describe('what a reload has changed', () => {
  it('names servers by what became of them', async () => {
    const before = await settings({ mcpServers: { stays: { command: 'a' }, changes: { command: 'b' }, goes: { command: 'c' } } })
    const now = await settings({ mcpServers: { stays: { command: 'a' }, changes: { command: 'b', args: ['new'] }, comes: { command: 'd' } } })
    const { servers_added: added, servers_removed: removed, servers_changed: changed } = summaryOf(before, now)
    assert.deepEqual({ added, removed, changed }, { added: ['comes'], removed: ['goes'], changed: ['changes'] })
  })

  it('ends keys that are gone, have another secret or belong to somebody else, and no others', async () => {
    const before = await settings()
    const with_ = async (...apiKeys: unknown[]): Promise<string[]> => removedKeys(before, await settings({ auth: { apiKeys } }))
    assert.deepEqual(await with_(), ['k1'])
    assert.deepEqual(await with_({ ...KEY, sha256: 'b'.repeat(64) }), ['k1'])
    assert.deepEqual(await with_({ ...KEY, user: 'bob' }), ['k1'])
    assert.deepEqual(await with_({ ...KEY, callsPerMinute: 5, scopes: ['tools:call'] }), [])
  })
})
