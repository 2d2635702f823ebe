import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { ERRORS } from '../../../../src/shared/errors.ts'
import type { JsonObject } from '../../../../src/protocol/index.ts'
import { until } from '../../../helpers/until.ts'
import { testCall } from '../upstream-parts.ts'
import { ask, json, legacyServer, modernServer, open, quiet, refuse, replied, result, stream, type Opened, type Received, type TestServer } from './http-parts.ts'

const eras = ['legacy', 'modern'] as const

/** A server of the era whose calls `handle` answers, opened. */
async function opened (t: TestContext, era: 'legacy' | 'modern', handle: (received: Received) => void, own: Parameters<typeof open>[2] = {}): Promise<Opened & { server: TestServer }> {
  const server = era === 'legacy' ? await legacyServer(t, handle) : await modernServer(t, handle)
  return { server, ...await open(t, server.url, own, { era }) }
}

const token = ({ message }: Received): unknown => ((message['params'] as JsonObject)['_meta'] as JsonObject | undefined)?.['progressToken']

for (const era of eras) {
  describe(`a call to a ${era} server`, () => {
    it('is answered by JSON or by a stream', async (t) => {
      const { connection } = await opened(t, era, (received) => {
        if (received.method === 'tools/list') return result(received, { tools: [] })
        const out = stream(received)
        out.send({ id: received.id, result: { content: [] } })
        out.end()
      })
      assert.deepEqual(await ask(connection, { method: 'tools/list' }), { result: { tools: [] } })
      assert.deepEqual(await ask(connection), { result: { content: [] } })
      assert.equal(connection.inFlight.size, 0)
    })

    it('passes the server\'s own error on', async (t) => {
      const { connection } = await opened(t, era, (received) => json(received.response, { jsonrpc: '2.0', id: received.id, error: { code: -32602, message: 'no such tool', data: { x: 1 } } }))
      assert.deepEqual(await ask(connection), { error: { code: -32602, message: 'no such tool', data: { x: 1 } } })
    })

    it('has ids of ours alone, unguessable and never twice (T18)', async (t) => {
      const { connection, server } = await opened(t, era, (received) => result(received, {}))
      await Promise.all(Array.from({ length: 20 }, () => ask(connection, { params: { name: 'x', _meta: { progressToken: 1 } } })))
      const ids = server.of('tools/call').map((one) => one.id as number)
      assert.equal(new Set(ids).size, 20)
      assert.ok(ids.every((id) => Number.isSafeInteger(id)))
      const other = await opened(t, era, (received) => result(received, {}))
      await ask(other.connection)
      assert.ok(!ids.includes(other.server.of('tools/call')[0]?.id as number))
    })

    it('is answered only by its own id on its own exchange (T18, T39)', async (t) => {
      const waiting: Received[] = []
      const { connection, faults } = await opened(t, era, (received) => { waiting.push(received) })
      const calls = [testCall(), testCall()] as const
      for (const call of calls) connection.call(call)
      await until('both have come', () => waiting.length === 2)
      const [first, second] = waiting as [Received, Received]
      const streams = [stream(first), stream(second)] as const
      // Each exchange claims to answer the other's call, then one that nobody made.
      streams[0].send({ id: second.id, result: { forged: true } })
      streams[1].send({ id: first.id, result: { forged: true } })
      for (const forged of [1, '1', String(first.id), null]) streams[0].send({ id: forged, result: { forged: true } })
      await until('the lies are noticed', () => faults.length === 6)
      for (const [at, one] of [first, second].entries()) streams[at as 0 | 1].send({ id: one.id, result: { at } })
      const results = await Promise.all(calls.map(replied))
      assert.deepEqual(results.map((reply) => (reply.result as JsonObject)['at']).sort(), [0, 1])
      assert.deepEqual(new Set(faults), new Set(['unknown_id']))
    })

    it('whose JSON answer is another\'s fails, and no other', async (t) => {
      const { connection, faults } = await opened(t, era, (received) => {
        if (received.method === 'tools/list') result(received, { tools: [] })
        else json(received.response, { jsonrpc: '2.0', id: (received.id as number) + 1, result: {} })
      })
      assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_PROTOCOL.rpcCode)
      assert.ok(faults.includes('unknown_id'))
      assert.deepEqual(await ask(connection, { method: 'tools/list' }), { result: { tools: [] } })
    })

    it('gets its progress by our token, and nothing of the client\'s (T20)', async (t) => {
      const { connection, server } = await opened(t, era, (received) => {
        const out = stream(received)
        out.send({ method: 'notifications/progress', params: { progressToken: token(received), progress: 1 } })
        out.send({ method: 'notifications/progress', params: { progressToken: 'theirs', progress: 2 } })
        out.send({ id: received.id, result: {} })
        out.end()
      })
      const call = testCall({ params: { name: 'x', _meta: { progressToken: 'theirs', traceparent: 'kept' } } })
      connection.call(call)
      await replied(call)
      const [sent] = server.of('tools/call')
      assert.equal(token(sent as Received), sent?.id)
      assert.equal(((sent?.message['params'] as JsonObject)['_meta'] as JsonObject)['traceparent'], 'kept')
      assert.deepEqual(call.progress, [{ progressToken: sent?.id, progress: 1 }])
      const { onProgress: _none, ...plain } = testCall({ params: { name: 'x', _meta: { progressToken: 'theirs' } } })
      connection.call(plain)
      await until('it has come', () => server.of('tools/call').length === 2)
      assert.equal(token(server.of('tools/call')[1] as Received), undefined)
    })

    it('is what a notification on its stream is about', async (t) => {
      const { connection, peer } = await opened(t, era, (received) => {
        const out = stream(received)
        out.send({ method: 'notifications/message', params: { level: 'info', data: (received.message['params'] as JsonObject)['name'] } })
        out.send({ id: received.id, result: {} })
        out.end()
      })
      const calls = [testCall({ params: { name: 'a' } }), testCall({ params: { name: 'b' } })]
      for (const call of calls) connection.call(call)
      await Promise.all(calls.map(replied))
      assert.equal(peer.heard.length, 2)
      for (const { params, about } of peer.heard) assert.equal((about?.params as JsonObject)['name'], params?.['data'])
    })

    it('is over with its deadline, and so is its connection', async (t) => {
      const { connection, server } = await opened(t, era, (received) => { if (received.method === 'tools/call') stream(received) })
      const reply = await ask(connection, { timeoutMs: 500 })
      assert.equal(reply.error?.code, ERRORS.GW_UPSTREAM_DEADLINE.rpcCode)
      const [call] = server.of('tools/call')
      await until('the stream is closed', () => call?.response.closed)
    })

    it('ends with the server\'s stream, once, and may have run', async (t) => {
      for (const end of [(one: Received) => one.response.destroy(), (one: Received) => stream(one).end(), (one: Received) => { stream(one); one.response.destroy() }, (one: Received) => { one.response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"jsonrpc"'); setImmediate(() => one.response.destroy()) }]) {
        const { connection, server } = await opened(t, era, end)
        const call = testCall()
        connection.call(call)
        assert.equal((await replied(call)).error?.code, ERRORS.GW_UPSTREAM_LOST.rpcCode)
        // Never sent a second time (FR11).
        assert.equal(server.of('tools/call').length, 1)
        await connection.close()
        assert.equal(call.replies.length, 1)
      }
    })

    it('that only reads is sent again when its connection was lost before an answer, as often as the entry says (FR11)', async (t) => {
      let left = 1
      const { connection, server } = await opened(t, era, (received) => {
        if (left-- > 0) received.response.destroy()
        else result(received, { tools: [] })
      }, { retries: { attempts: 2, budgetPercent: 10 } })
      assert.deepEqual(await ask(connection, { method: 'tools/list' }), { result: { tools: [] } })
      left = 10
      assert.equal((await ask(connection, { method: 'tools/list' })).error?.code, ERRORS.GW_UPSTREAM_LOST.rpcCode)
      assert.equal(server.of('tools/list').length, 5)
    })

    for (const [status, read, call] of [
      [401, 'GW_UPSTREAM_AUTH', 'GW_UPSTREAM_AUTH'], [403, 'GW_UPSTREAM_AUTH', 'GW_UPSTREAM_AUTH'], [429, 'GW_UPSTREAM_UNAVAILABLE', 'GW_UPSTREAM_UNAVAILABLE'],
      [503, 'GW_UPSTREAM_UNAVAILABLE', 'GW_UPSTREAM_UNAVAILABLE'], [500, 'GW_UPSTREAM_UNAVAILABLE', 'GW_UPSTREAM_LOST'], [502, 'GW_UPSTREAM_UNAVAILABLE', 'GW_UPSTREAM_LOST'],
      [504, 'GW_UPSTREAM_UNAVAILABLE', 'GW_UPSTREAM_LOST'], [302, 'GW_UPSTREAM_PROTOCOL', 'GW_UPSTREAM_PROTOCOL']
    ] as const) {
      it(`that is refused with ${status} is ${call}, a reading one ${read}`, async (t) => {
        const { connection, server } = await opened(t, era, (received) => refuse(received, status))
        assert.equal((await ask(connection)).error?.message, ERRORS[call].message)
        assert.equal((await ask(connection, { method: 'tools/list' })).error?.message, ERRORS[read].message)
        assert.equal(server.of('tools/call').length, 1)
      })
    }

    it('is not made when the connection is closed, and fails when it closes; nothing is left', async (t) => {
      const { connection, server, peer } = await opened(t, era, () => {})
      const call = testCall()
      connection.call(call)
      await server.got('the call', (one) => one.method === 'tools/call')
      await connection.close()
      assert.equal((await replied(call)).error?.code, ERRORS.GW_UPSTREAM_LOST.rpcCode)
      assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
      assert.equal(peer.ends, 1)
      await quiet(server)
    })

    it('may throw in its caller\'s hands without harm to others', async (t) => {
      const { connection, thrown } = await opened(t, era, (received) => result(received, {}))
      connection.call(testCall({ onReply () { throw new Error('a bug') } }))
      await until('it is told', () => thrown.length === 1)
      assert.deepEqual(await ask(connection), { result: {} })
    })

    it('leaves its connection to the next one, also after a stream', async (t) => {
      const { connection, server } = await opened(t, era, (received) => {
        const out = stream(received)
        out.send({ id: received.id, result: {} })
        out.end()
      })
      for (let turn = 0; turn < 30; turn++) await ask(connection)
      // A stream may end a moment after its reply, so the next call may need another connection.
      assert.ok(server.sockets.size < 10, String(server.sockets.size))
    })

    it('does not keep a stream that the server leaves open after the reply', async (t) => {
      const { connection, server } = await opened(t, era, (received) => {
        stream(received).send({ id: received.id, result: {} })
      })
      assert.deepEqual(await ask(connection), { result: {} })
      const [call] = server.of('tools/call')
      await until('the stream is closed', () => call?.response.closed)
    })

    it('waits for its turn with interactive: true, where the server can ask', async (t) => {
      const waiting: Received[] = []
      const { connection, server } = await opened(t, era, (received) => { waiting.push(received) }, { interactive: true })
      const calls = [testCall(), testCall(), testCall({ origin: undefined })]
      const [, second] = calls.map((call) => connection.call(call))
      await until('the others have come', () => waiting.length === (era === 'legacy' ? 2 : 3))
      assert.equal(second?.sent, era === 'modern')
      for (const one of waiting) result(one, {})
      await until('all have come', () => server.of('tools/call').length === 3)
      for (const one of waiting.slice(2)) if (!one.response.headersSent) result(one, {})
      await Promise.all(calls.map(replied))
    })
  })
}

describe('giving a call up', () => {
  it('is a notification to a legacy server, with our id, and the end of the exchange', async (t) => {
    const { connection, server } = await opened(t, 'legacy', () => {})
    const call = testCall()
    const handle = connection.call(call)
    const received = await server.got('the call', (one) => one.method === 'tools/call')
    handle.cancel('client_cancelled')
    handle.cancel('client_cancelled')
    const cancelled = await server.got('the notification', (one) => one.method === 'notifications/cancelled')
    assert.deepEqual(cancelled.message['params'], { requestId: received.id, reason: 'client_cancelled' })
    assert.equal(call.replies[0]?.error?.code, ERRORS.GW_CANCELLED.rpcCode)
    assert.deepEqual([...connection.lingering].map((one) => one.call), [call])
    await until('the exchange is closed', () => received.response.closed)
    assert.equal(server.of('notifications/cancelled').length, 1)
    assert.equal(call.replies.length, 1)
  })

  it('is the end of the exchange to a modern server, and nothing else (FR41)', async (t) => {
    const { connection, server } = await opened(t, 'modern', (received) => { stream(received) })
    const call = testCall()
    const handle = connection.call(call)
    const received = await server.got('the call', (one) => one.method === 'tools/call')
    const startMs = performance.now()
    handle.cancel('client_disconnected')
    await until('the exchange is closed', () => received.response.closed)
    assert.ok(performance.now() - startMs < 1000)
    assert.equal(connection.lingering.size, 0)
    assert.equal(server.received.length, 2)
  })

  it('at any moment leaves nothing behind (FR10)', async (t) => {
    for (const era of eras) {
      const { connection, server } = await opened(t, era, (received) => {
        if (received.method === 'tools/call') setTimeout(() => { if (!received.response.closed) result(received, {}) }, Math.random() * 20)
      })
      const calls = Array.from({ length: 200 }, () => testCall())
      for (const call of calls) {
        const handle = connection.call(call)
        setTimeout(() => handle.cancel('client_cancelled'), Math.random() * 20)
      }
      await Promise.all(calls.map(replied))
      assert.equal(connection.inFlight.size, 0)
      assert.ok(calls.every((call) => call.replies.length === 1))
      assert.equal(new Set(server.of('tools/call').map((one) => one.id)).size, server.of('tools/call').length)
      await connection.close()
      await quiet(server)
    }
  })

  it('before it was sent sends nothing', async (t) => {
    const waiting: Received[] = []
    const { connection, server } = await opened(t, 'legacy', (received) => { waiting.push(received) }, { interactive: true })
    connection.call(testCall())
    const handle = connection.call(testCall())
    await until('the first has come', () => waiting.length === 1)
    handle.cancel('draining')
    assert.equal((handle.call as ReturnType<typeof testCall>).replies[0]?.error?.message, ERRORS.GW_DRAINING.message)
    assert.equal(server.of('notifications/cancelled').length, 0)
  })
})
