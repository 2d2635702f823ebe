/** Modern clients that do not read their streams: cut before they cost much, their calls cancelled, others served as ever (FR40). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { request, type IncomingMessage } from 'node:http'
import { META } from '../../src/protocol/index.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { ACCEPT_BOTH, textOf } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { createModernWire, MODERN, modernParams, type ModernWire } from '../helpers/modern-wire.ts'
import { residentBytes } from '../helpers/processes.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { argsOf, entryOf, faultsOf, fullLegacyServer, fullModernServer, result, stream, textResult, type Received } from './upstream-parts.ts'

const MB = 2 ** 20
const STALLED = 12
const WATCHED = 'test://watched'
/** What a reader that does nothing can be sent at most: the gateway's 1 MiB, one more message, and what the kernel takes. */
const MOST_TAKEN_MB = 16

/** A client that never reads its answer. */
async function deaf (t: TestContext, gateway: TestGateway, method: string, params: Record<string, unknown>): Promise<IncomingMessage> {
  const headers = {
    ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-protocol-version': MODERN, 'mcp-method': method, ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] })
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(`${gateway.url}/servers/pouring/mcp`, { method: 'POST', headers }, resolve)
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: modernParams(params, { meta: { progressToken: 1 } }) }))
  })
  response.on('error', () => {})
  response.pause()
  t.after(() => { response.destroy() })
  return response
}

/** Progress of 64 KiB each, as fast as the other side takes it. @returns bytes written until the other side went */
async function pourProgress (received: Received): Promise<number> {
  const out = stream(received)
  const meta = (received.message['params'] as { _meta?: { progressToken?: number } })._meta
  const text = 'p'.repeat(65_536)
  let sent = 0
  received.response.setMaxListeners(0)
  for (let progress = 1; !received.response.closed && sent < 60 * MB; progress++) {
    sent += text.length
    if (out.raw(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: meta?.progressToken, progress, message: text } })}\n\n`)) continue
    await new Promise<void>((resolve) => { received.response.once('drain', resolve).once('close', resolve) })
  }
  return received.response.closed ? sent : Infinity
}

async function started (t: TestContext, era: 'legacy' | 'modern', handle: (received: Received) => void): Promise<{ gateway: TestGateway, wire: ModernWire }> {
  const server = await (era === 'modern' ? fullModernServer : fullLegacyServer)(t, (received) => {
    if (received.method === 'tools/list') result(received, { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' })
    else if (argsOf(received)['text'] === undefined) handle(received)
    else result(received, textResult(String(argsOf(received)['text'])))
  })
  const gateway = await startGateway({ config: { mcpServers: { pouring: entryOf(server) }, limits: roomyLimits } })
  t.after(() => gateway.stop())
  const wire = createModernWire(`${gateway.url}/servers/pouring/mcp`, gateway.keyOf('alice').bearer)
  t.after(() => { wire.close() })
  assert.equal(textOf(await wire.call('echo', { text: 'warm' })), 'warm')
  return { gateway, wire }
}

/** Calls beside the trouble, one after the other, until `over`. @returns the slowest in ms */
async function beside (wire: ModernWire, over: () => boolean): Promise<number> {
  let slowest = 0
  const endMs = performance.now() + 20_000
  do {
    const startMs = performance.now()
    assert.equal(textOf(await wire.call('echo', { text: 'beside' })), 'beside')
    slowest = Math.max(slowest, performance.now() - startMs)
  } while (!over() && performance.now() < endMs)
  return slowest
}

describe('modern clients that do not read', () => {
  for (const era of ['modern', 'legacy'] as const) {
    it(`${STALLED} streams of calls at a ${era} server: cut, cancelled upstream, no memory piles up`, async (t) => {
      const poured: Array<Promise<number>> = []
      const { gateway, wire } = await started(t, era, (received) => { poured.push(pourProgress(received)) })
      const residentBefore = residentBytes(gateway.pid)
      let most = 0
      let cut = 0
      await Promise.all(Array.from({ length: STALLED }, () => deaf(t, gateway, 'tools/call', { name: 'pour', arguments: {} })))
      for (const one of poured) one.then(() => { cut++ }, () => {})
      const slowestMs = await beside(wire, () => {
        most = Math.max(most, residentBytes(gateway.pid))
        return cut === STALLED
      })
      const takenMb = Math.max(...await Promise.all(poured)) / MB
      t.diagnostic(`${era}: each was sent at most ${takenMb.toFixed(1)} MB, ${Math.round((most - residentBefore) / MB)} MB resident more, the slowest call beside took ${Math.round(slowestMs)} ms`)
      assert.ok(takenMb < MOST_TAKEN_MB, `${takenMb} MB`)
      assert.ok(most - residentBefore < 150 * MB)
      assert.ok(slowestMs < 5000, `${slowestMs} ms`)
      assert.deepEqual(faultsOf(gateway), [])
    })
  }

  it(`${STALLED} listens: cut, and who reads hears everything`, async (t) => {
    const listens: Array<{ send: (turn: number) => boolean }> = []
    const { gateway, wire } = await started(t, 'modern', (received) => {
      if (received.method !== 'subscriptions/listen') return result(received, { resultType: 'complete' })
      const params = received.message['params'] as { notifications: unknown }
      const own = { _meta: { [META.subscriptionId]: received.id } }
      const out = stream(received)
      out.send({ method: 'notifications/subscriptions/acknowledged', params: { notifications: params.notifications as object, ...own } })
      listens.push({ send: (turn) => out.raw(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: WATCHED, turn, note: 'n'.repeat(65_536), ...own } })}\n\n`) })
    })
    const wishes = { notifications: { resourceSubscriptions: [WATCHED] } }
    const reader = await wire.begin('subscriptions/listen', wishes)
    await reader.next('the acknowledgement', ({ method }) => method === 'notifications/subscriptions/acknowledged')
    const stalled = await Promise.all(Array.from({ length: STALLED }, () => deaf(t, gateway, 'subscriptions/listen', wishes)))
    let gone = 0
    // Without reading, the end shows only on the socket.
    for (const response of stalled) response.socket.on('close', () => { gone++ })
    const residentBefore = residentBytes(gateway.pid)
    const upstream = await until('the server is listened to', () => listens.at(-1))
    const turns = 200
    for (let turn = 1; turn <= turns; turn++) {
      for (const one of new Set([upstream, ...listens])) one.send(turn)
      // At the pace of the one who reads.
      await reader.next(`turn ${turn}`, ({ params }) => params?.['turn'] === turn)
    }
    await until('no listen is left but the one that reads', async () => gone === STALLED || await metricOf(gateway, 'sse_streams_open') === 1)
    const grownMb = (residentBytes(gateway.pid) - residentBefore) / MB
    t.diagnostic(`${Math.round(grownMb)} MB resident more after ${turns} messages of 64 KiB to ${STALLED + 1} listens`)
    assert.ok(grownMb < 150, `${grownMb} MB`)
    assert.equal(textOf(await wire.call('echo', { text: 'after' })), 'after')
    assert.deepEqual(faultsOf(gateway), [])
    reader.cut()
  })
})
