/** TERM: not ready, no new sessions, calls finish, streams end, workers go, exit 0; a second signal ends at once (FR31, R42). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { startGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, clientInfo, responseOf, textOf } from '../helpers/legacy-wire.ts'
import { stillAlive } from '../helpers/processes.ts'
import { behindShell, probe, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } }

describe('shutdown', () => {
  it('drains: ready is 503, calls in flight end well, new sessions get 503, idle streams end cleanly, exit code 0', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    const stream = await wire.listen()
    const json = wire.call('echo', { text: 'finished', delayMs: 700 }, 'json')
    const sse = await wire.post({ jsonrpc: '2.0', id: 'sse', method: 'tools/call', params: { name: 'progress', arguments: { steps: 40, everyMs: 100, label: 'streamed' }, _meta: { progressToken: 1 } } })
    await sse.next('progress', (message) => message.method === 'notifications/progress')
    const family = gateway.children()
    assert.equal((await send(`${gateway.url}/ready`)).status, 200)
    gateway.kill('SIGTERM')
    await until('not ready', async () => (await send(`${gateway.url}/ready`)).status === 503)
    const refused = await send(`${gateway.url}/servers/probe/mcp`, { body: initialize, headers: { ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH } })
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers['retry-after']) >= 1)
    assert.equal(textOf(await json), 'finished')
    assert.match(textOf(await responseOf(sse, 'sse')), /streamed/)
    assert.equal(await sse.ended, 'complete')
    assert.equal(await stream.ended, 'complete')
    assert.deepEqual(await gateway.exited, { code: 0, signal: null })
    assert.deepEqual(stillAlive(family), [])
  })

  it('with nothing in flight it is quick, even if servers ignore TERM', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { stubborn: behindShell(unruly({ env: { UNRULY_START: 'stubborn' } })) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'stubborn')
    await wire.open()
    await wire.call('echo', { text: 'x' })
    wire.close()
    const started = performance.now()
    gateway.kill('SIGTERM')
    assert.equal((await gateway.exited).code, 0)
    assert.ok(performance.now() - started < 20_000)
    assert.deepEqual(gateway.workers(), [])
  })

  it('a connection on which nothing was ever asked does not hold it up', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    // One that the gateway had not taken from the kernel's queue when it went is reset.
    const sockets = [gateway.url, gateway.managementUrl].map((url) => connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {}))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const started = performance.now()
    gateway.kill('SIGTERM')
    assert.equal((await gateway.exited).code, 0)
    assert.ok(performance.now() - started < 10_000)
    for (const socket of sockets) socket.destroy()
  })

  it('a call longer than drainMs gets an error, not silence', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits, drainMs: 1000 } })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    const answer = await wire.post({ jsonrpc: '2.0', id: 'long', method: 'tools/call', params: { name: 'progress', arguments: { steps: 600, everyMs: 100 }, _meta: { progressToken: 1 } } })
    await answer.next('it runs', (message) => message.method === 'notifications/progress')
    gateway.kill('SIGTERM')
    const { error } = await responseOf(answer, 'long', 20_000)
    assert.ok(error !== undefined && [50201, 50301].includes(error.code), JSON.stringify(error))
    assert.equal((await gateway.exited).code, 0)
  })

  for (const [first, second] of [['SIGTERM', 'SIGTERM'], ['SIGINT', 'SIGTERM']] as const) {
    it(`a second signal (${first}, ${second}) ends at once, and leaves nothing`, async (t) => {
      const gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
      t.after(() => gateway.stop())
      const wire = gateway.wire('alice', 'probe')
      await wire.open()
      const hanging = wire.call('hang').catch(() => undefined)
      await until('it hangs', async () => (JSON.parse(textOf(await wire.call('cancelled'))) as { inFlight: number }).inFlight === 1)
      const family = gateway.children()
      gateway.kill(first)
      await until('not ready', async () => (await send(`${gateway.url}/ready`)).status === 503)
      const started = performance.now()
      gateway.kill(second)
      await gateway.exited
      assert.ok(performance.now() - started < 5000)
      await until('nothing is left', () => stillAlive(family).length === 0, 10_000)
      await hanging
    })
  }
})
