import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { responseOf, textOf } from '../helpers/legacy-wire.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import type { Exchange } from '../helpers/http-exchange.ts'
import { until } from '../helpers/until.ts'
import { replacing } from './replacing.ts'
import { fixture, startRoutes } from './routes-parts.ts'

const echo = fixture('echo.mjs')
const call = (id: string | number, name: string, args: Record<string, unknown>, meta?: Record<string, unknown>): Record<string, unknown> => {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) } }
}

/** The answer to a POST whose stream the client lost, as the client asks for it again. */
async function again (wire: LegacyWire, answer: Exchange): Promise<Exchange> {
  const last = answer.events.findLast(({ id }) => id !== undefined)
  return await wire.listen(last?.id ?? 'nothing')
}

describe('JSON or SSE (rulings 4)', () => {
  it('quick is JSON; after a second a stream, primed where clients know priming', async (t) => {
    const { wire } = await startRoutes(t, { servers: { echo } })
    for (const [protocolVersion, first] of [['2025-11-25', { data: '', retry: '1000' }], ['2025-06-18', undefined]] as const) {
      const client = wire()
      await client.open({ protocolVersion })
      const quick = await client.post(call(1, 'echo', { text: 'quick' }))
      assert.deepEqual([quick.isSse, textOf(await responseOf(quick, 1))], [false, 'quick'])
      const slow = await client.post(call(2, 'sleep', { ms: 1300, text: 'slow' }))
      assert.equal(textOf(await responseOf(slow, 2)), 'slow')
      await slow.ended
      const { id, ...event } = slow.events[0] ?? {}
      assert.ok(slow.isSse && id !== undefined)
      if (first === undefined) assert.equal(slow.events.length, 1)
      else assert.deepEqual(event, first)
    }
  })

  it('one event may be larger than what a reader may leave unread, and can be had again', async (t) => {
    const { wire } = await startRoutes(t, { servers: { log: { args: ['-e', LOGS_THEN_LARGE] } } })
    const client = wire()
    await client.open()
    const answer = await client.post(call('large', 'x', {}))
    assert.equal(textOf(await responseOf(answer, 'large')).length, 6_000_000)
    assert.equal(await answer.ended, 'complete')
    const events = answer.events.filter(({ id }) => id !== undefined)
    const resumed = await client.listen(events.at(-2)?.id ?? '')
    assert.equal(textOf(await responseOf(resumed, 'large')).length, 6_000_000)
  })
})

/** A server that logs once during each call, so that the answer goes over a stream, and answers with six megabytes. */
const LOGS_THEN_LARGE = `
process.stdin.setEncoding('utf8').on('data', (text) => {
  for (const line of text.split('\\n').filter(Boolean)) {
    const { id, method } = JSON.parse(line)
    const write = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n')
    if (method === 'initialize') write({ id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {}, logging: {} }, serverInfo: { name: 'l', version: '1' } } })
    if (method !== 'tools/call') continue
    write({ method: 'notifications/message', params: { level: 'info', data: 'first' } })
    write({ id, result: { content: [{ type: 'text', text: 'x'.repeat(6e6) }] } })
  }
}).on('end', () => process.exit(0))`

describe('a stream that has ended', () => {
  it('with an error is over at once when it is asked for again: clients would ask every second (204)', async (t) => {
    const { wire } = await startRoutes(t, { servers: { echo: { ...echo, timeoutMs: 1200 } } })
    const client = wire()
    await client.open()
    const answer = await client.post(call('e', 'sleep', { ms: 60_000 }))
    assert.equal((await responseOf(answer, 'e')).error?.code, 50401)
    await answer.ended
    const resumed = await again(client, answer)
    assert.deepEqual([resumed.status, resumed.headers['content-type']], [204, undefined])
    // Before its last event it is replayed, and ends again.
    const replayed = await client.listen(answer.events[0]?.id ?? '')
    assert.equal((await responseOf(replayed, 'e')).error?.code, 50401)
    assert.equal(await replayed.ended, 'complete')
  })

  it('because its call was cancelled is over too', async (t) => {
    const { wire } = await startRoutes(t, { servers: { echo } })
    const client = wire()
    await client.open()
    const answer = await client.post(call('c', 'progress', { steps: 1000, everyMs: 20 }, { progressToken: 1 }))
    await answer.nextEvent('progress', ({ data }) => data?.includes('progress') ?? false)
    await client.tell({ method: 'notifications/cancelled', params: { requestId: 'c' } })
    assert.equal(await answer.ended, 'complete')
    assert.equal((await again(client, answer)).status, 204)
    assert.equal(answer.messages().filter(({ id }) => id === 'c').length, 0)
  })

  it('an id that was never given out opens a stream of its own', async (t) => {
    const { wire, gateway } = await startRoutes(t, { servers: { echo } })
    const client = wire()
    await client.open()
    const stream = await client.listen('nobody.0.1')
    assert.deepEqual([stream.status, stream.isSse, gateway.sessionCounts.http], [200, true, 1])
    await client.call('list_changed')
    await stream.next('list_changed', ({ method }) => method === 'notifications/tools/list_changed')
  })

  it('a cancelled call without a stream is 202 and nothing', async (t) => {
    const { wire } = await startRoutes(t, { servers: { echo } })
    const client = wire()
    await client.open()
    // Afterwards nothing is asked of the server before a call: the next one is there when it is cancelled.
    await client.call('cancelled')
    const waiting = client.post(call('c', 'sleep', { ms: 60_000 }))
    await until('it is cancelled', async () => {
      await client.tell({ method: 'notifications/cancelled', params: { requestId: 'c' } })
      return textOf(await client.call('cancelled')) !== '[]'
    })
    const answer = await waiting
    await answer.ended
    assert.deepEqual([answer.status, answer.body()], [202, ''])
  })
})

describe('exactly one answer', () => {
  it('a batch gets one entry for each request, in whatever way each ends', async (t) => {
    const { wire } = await startRoutes(t, { servers: { echo } })
    const client = wire()
    await client.open({ protocolVersion: '2025-03-26' })
    const batch = [call(1, 'echo', { text: 'a' }), call(1, 'echo', { text: 'same id' }), { jsonrpc: '2.0', method: 'notifications/x' }, { jsonrpc: '2.0', id: 2 }, call(3, 'fail', {}), { jsonrpc: '2.0', id: 4, method: 'ping' }, { jsonrpc: '2.0', id: 5, method: 'initialize', params: {} }, { jsonrpc: '2.0', id: 6, method: 'no/such' }]
    const answer = await client.post(batch)
    await answer.ended
    assert.deepEqual(answer.messages().map(({ id }) => id).sort(), [1, 1, 2, 3, 4, 5, 6])
    const slow = await client.post([call('s', 'sleep', { ms: 1200 }), call('q', 'echo', { text: 'quick' }), call('c', 'sleep', { ms: 60_000 }), { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c' } }])
    assert.equal(await slow.ended, 'complete')
    assert.deepEqual(slow.messages().map(({ id }) => id).sort(), ['q', 's'])
  })

  it('a handler that throws answers 500 and nothing more, a second later neither', async (t) => {
    const bench = await startRoutes(t, {
      servers: { echo },
      change: ({ gateway }) => ({
        gateway: replacing(gateway, {
          receive (session, caller, message, exchange) {
            if (message.kind === 'request' && message.method === 'boom') throw new Error('a bug of ours')
            gateway.receive(session, caller, message, exchange)
          }
        })
      })
    })
    const client = bench.wire()
    await client.open()
    const answer = await client.post({ jsonrpc: '2.0', id: 1, method: 'boom' })
    await answer.ended
    assert.equal(answer.status, 500)
    assert.doesNotMatch(answer.body(), /bug of ours/)
    // Longer than a POST waits before it becomes a stream.
    assert.equal(textOf(await client.call('sleep', { ms: 1500, text: 'alive' })), 'alive')
  })

  it('a refusal has its status and headers, within a batch or a stream it has none', async (t) => {
    const { wire } = await startRoutes(t, { servers: { echo }, limits: { callsPerMinute: 2 } })
    const client = wire()
    await client.open({ protocolVersion: '2025-03-26' })
    const batch = await client.post([call(1, 'echo', { text: 'a' }), call(2, 'echo', { text: 'b' }), call(3, 'echo', { text: 'c' })])
    await batch.ended
    assert.deepEqual([batch.status, batch.messages().map(({ id, error }) => [id, error?.code]).sort()], [200, [[1, undefined], [2, undefined], [3, 42901]]])
    const single = await client.post(call(4, 'echo', { text: 'd' }))
    assert.equal((await responseOf(single, 4)).error?.code, 42901)
    assert.equal(single.status, 429)
    assert.ok(Number(single.headers['retry-after']) >= 1 && single.headers['ratelimit-limit'] === '2')
  })
})

describe('a body that is none', () => {
  for (const path of ['/servers/echo/mcp', '/servers/echo/tools', '/servers/echo/tools/batch', '/mcp', '/servers/echo/messages/?session_id=x']) {
    it(`POST ${path} without one is refused, not our fault`, async (t) => {
      const { edge, headers } = await startRoutes(t, { servers: { echo } })
      for (const type of [{}, { 'content-type': 'application/json' }]) {
        const { status } = await edge.send(path, { method: 'POST', headers: { ...headers(), ...type } })
        assert.ok(status >= 400 && status < 500, `${status}`)
      }
    })
  }
})
