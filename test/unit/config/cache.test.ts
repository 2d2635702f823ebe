import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServerName } from '../../../src/shared/ids.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { faultsOf, oneServer, settingsOf } from './load.ts'

const serverOf = async (entry: Record<string, unknown>): Promise<ServerSettings | undefined> => (await settingsOf(oneServer(entry))).servers.get('one' as ServerName)

describe('reuse of what servers answer', () => {
  it('of lists is on, of contents and results off, across users off', async () => {
    const { cache, warnings } = await settingsOf(oneServer())
    assert.deepEqual([cache, warnings], [{ listTtlMs: 60_000, maxBytes: 67_108_864 }, []])
    const server = await serverOf({})
    assert.deepEqual([server?.cache, server?.tools.cache], [undefined, undefined])
  })

  it('is what the file says, for all servers and for one', async () => {
    assert.deepEqual((await settingsOf(oneServer({}, { cache: { listTtlMs: 0 } }))).cache, { listTtlMs: 0, maxBytes: 67_108_864 })
    const server = await serverOf({ cache: { listTtlMs: 0, readTtlMs: 5000, public: true }, tools: { cache: { search: 30_000, constructor: 1 } } })
    assert.deepEqual(server?.cache, { listTtlMs: 0, readTtlMs: 5000, public: true })
    assert.deepEqual(server?.tools.cache, { search: 30_000, constructor: 1 })
    assert.notEqual(server?.entryHash, (await serverOf({}))?.entryHash, 'another entry, other answers')
  })

  it('faults name the key', async () => {
    const faults = await faultsOf(oneServer({ cache: { listTtlMs: -1, ttl: 5 }, tools: { cache: { search: 'long' } } }, { cache: { maxBytes: 10 } }))
    assert.deepEqual(faults.map(({ key }) => `${key}`).sort(), ['cache.maxBytes', 'mcpServers.one.cache.listTtlMs', 'mcpServers.one.cache.ttl', 'mcpServers.one.tools.cache.search'])
  })
})
