/** What is idle and what is not: sessions by sessions.idleMs, workers by pool.idleMs, never under an open stream or call (rulings 1). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { manyUsers, probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

describe('idle', () => {
  it('a session with an open GET stream, or a call in flight, is not idle; one without ends, and its worker with it', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe({ isolation: 'session' }) }, limits: roomyLimits, sessions: { idleMs: 1000 } } })
    t.after(() => gateway.stop())
    const opened = async (): Promise<LegacyWire> => {
      const wire = gateway.wire('alice', 'probe')
      await wire.open()
      return wire
    }
    // Each goes on at once: it would be idle while it waited for the others.
    const [{ listening, stream }, { long }, idle] = await Promise.all([
      opened().then(async (listening) => ({ listening, stream: await listening.listen() })),
      opened().then((calling) => ({ long: calling.call('echo', { text: 'still running', delayMs: 6000 }) })),
      opened()
    ])
    await listening.call('put', { value: 'listening' })
    await until('the idle one is gone', () => gateway.workers().length === 2)
    assert.equal((await idle.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404)
    assert.equal(textOf(await long), 'still running')
    assert.match(textOf(await listening.call('get')), /listening/)
    stream.cut()
    await until('all are gone', () => gateway.workers().length === 0)
  })

  it('a worker under an open stream is not reaped, however small pool.idleMs is', async (t) => {
    const gateway = await startGateway({ users: manyUsers(2), config: { mcpServers: { probe: probe({ pool: { idleMs: 500 } }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const [listening, idle] = await Promise.all(['u0', 'u1'].map(async (user) => {
      const wire = gateway.wire(user, 'probe')
      await wire.open()
      return wire
    }))
    assert.ok(listening && idle)
    const stream = await listening.listen()
    await listening.call('put', { value: 'kept' })
    await idle.call('put', { value: 'lost' })
    await until('the idle one is reaped', () => gateway.workers().length === 1)
    assert.match(textOf(await listening.call('get')), /kept/)
    assert.match(textOf(await idle.call('get')), /"value":null/)
    stream.cut()
  })

  it('a user worker without calls ends after pool.idleMs, and the next call gets a fresh one', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe({ pool: { idleMs: 700 } }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    await wire.call('put', { value: 'soon gone' })
    await until('it is reaped', () => gateway.workers().length === 0)
    assert.match(textOf(await wire.call('get')), /"value":null/)
  })
})
