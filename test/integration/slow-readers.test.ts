/** Clients that do not read what they asked for cost themselves, not the others (FR40). */
import assert from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { ACCEPT_BOTH, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { residentBytes } from '../helpers/processes.ts'
import { manyUsers, probe, roomyLimits, roomyPool } from '../helpers/server-entries.ts'

const MB = 1024 * 1024

/** Asks for a result of `bytes` and never reads the answer's body. */
function askWithoutReading (gateway: TestGateway, user: string, wire: LegacyWire, bytes: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...gateway.keyOf(user).bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-session-id': wire.sessionId ?? '' }
    const outgoing = request(wire.url, { method: 'POST', headers }, (response) => {
      response.on('error', () => {})
      response.pause()
      resolve(response)
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'blob', arguments: { bytes } } }))
  })
}

describe('slow readers', () => {
  it('answers of 5 MB that nobody reads: others are served as before, and memory does not add up', async (t) => {
    const users = manyUsers(22)
    const gateway = await startGateway({ users, config: { mcpServers: { probe: probe({ pool: roomyPool }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wires = await Promise.all(users.map(async ({ user }) => {
      const wire = gateway.wire(user, 'probe')
      await wire.open()
      await wire.call('echo', { text: 'warm' })
      return wire
    }))
    const [quick, stalled] = [wires.slice(20), wires.slice(0, 20)]
    const latencies: number[] = []
    const residentAfter: number[] = []
    for (let round = 0; round < 4; round++) {
      const responses = await Promise.all(stalled.map((wire, index) => askWithoutReading(gateway, `u${index}`, wire, 5 * MB)))
      for (let call = 0; call < 20; call++) {
        const started = performance.now()
        await Promise.all(quick.map(async (wire) => { assert.equal(textOf(await wire.call('echo', { text: 'beside' })), 'beside') }))
        latencies.push(performance.now() - started)
      }
      residentAfter.push(residentBytes(gateway.pid))
      for (const response of responses) response.destroy()
    }
    const p90 = latencies.sort((a, b) => a - b)[Math.floor(latencies.length * 0.9)] ?? 0
    assert.ok(p90 < 500, `p90 ${p90} ms`)
    // Each round is 100 MB of text. What one round takes is mostly garbage not collected yet; what is kept would add up.
    const grownMb = Math.round(((residentAfter.at(-1) ?? 0) - (residentAfter[0] ?? 0)) / MB)
    assert.ok(grownMb < 250, `${grownMb} MB more after three more rounds of 100 MB`)
    for (const wire of stalled) assert.equal(textOf(await wire.call('echo', { text: 'still usable' })), 'still usable')
  })
})
