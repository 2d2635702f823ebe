import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ERRORS } from '../../../../src/shared/errors.ts'
import type { JsonObject } from '../../../../src/protocol/index.ts'
import { until } from '../../../helpers/until.ts'
import { testCall } from '../upstream-parts.ts'
import { ask, httpWanted, initializeResult, json, legacyServer, open, quiet, refuse, replied, result, serve, stream } from './http-parts.ts'

const unavailable = ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode

describe('a session that the server has forgotten (FR12)', () => {
  it('is renewed once for 50 calls, each of which runs once', async (t) => {
    const ran: unknown[] = []
    const server = await legacyServer(t, (received) => {
      ran.push((received.message['params'] as JsonObject)['name'])
      result(received, { ok: true })
    })
    const { connection, peer } = await open(t, server.url)
    assert.deepEqual(await ask(connection, { params: { name: 'before' } }), { result: { ok: true } })
    server.sessions.clear()
    const calls = Array.from({ length: 50 }, (_none, at) => testCall({ params: { name: at } }))
    for (const call of calls) connection.call(call)
    for (const call of calls) assert.deepEqual(await replied(call), { result: { ok: true } })
    assert.equal(server.of('initialize').length, 2)
    assert.deepEqual(new Set(ran), new Set(['before', ...Array.from({ length: 50 }, (_none, at) => at)]))
    assert.equal(ran.length, 51)
    assert.equal(peer.resets, 1)
    assert.equal(peer.ends, 0)
    assert.deepEqual(await ask(connection, { params: { name: 'after' } }), { result: { ok: true } })
  })

  it('is renewed again and again', async (t) => {
    const server = await legacyServer(t, (received) => result(received, {}))
    const { connection } = await open(t, server.url)
    for (let turn = 0; turn < 5; turn++) {
      server.sessions.clear()
      const replies = await Promise.all(Array.from({ length: 5 }, () => ask(connection)))
      assert.deepEqual(replies, Array.from({ length: 5 }, () => ({ result: {} })))
    }
    assert.equal(server.of('initialize').length, 6)
  })

  it('is not renewed for a second 404 of one call, and not on 400, 401 or 500', async (t) => {
    const statuses = [404, 404, 400, 401, 500]
    const server = await legacyServer(t, (received) => received.method === 'ping' ? result(received, {}) : refuse(received, statuses.shift() ?? 500))
    const { connection } = await open(t, server.url)
    assert.equal((await ask(connection)).error?.code, unavailable)
    assert.equal(server.of('tools/call').length, 2)
    for (const code of ['GW_UPSTREAM_PROTOCOL', 'GW_UPSTREAM_AUTH', 'GW_UPSTREAM_LOST'] as const) assert.equal((await ask(connection)).error?.message, ERRORS[code].message)
    assert.equal(server.of('initialize').length, 2)
  })

  it('is not renewed where there was none', async (t) => {
    const server = await legacyServer(t, (received) => received.method === 'ping' ? result(received, {}) : refuse(received, 404), { withSessions: false })
    const { connection } = await open(t, server.url)
    assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_PROTOCOL.rpcCode)
    assert.equal(server.of('initialize').length, 1)
    assert.equal(connection.open, true)
  })

  it('is restored by the peer, whose own calls go ahead of those that wait; its bugs harm no call', async (t) => {
    const server = await legacyServer(t, (received) => result(received, {}))
    const { connection, peer, thrown } = await open(t, server.url)
    server.sessions.clear()
    const level = testCall({ method: 'logging/setLevel', origin: undefined })
    let isSentFirst = false
    const call = testCall()
    const handle = connection.call(call)
    peer.restore = () => {
      connection.call(level)
      isSentFirst = !handle.sent
      throw new Error('a bug')
    }
    assert.deepEqual(await replied(call), { result: {} })
    assert.deepEqual(await replied(level), { result: {} })
    assert.equal(isSentFirst, true)
    assert.equal(thrown.length, 1)
    assert.equal(server.of('initialize').length, 2)
  })

  it('is not what a 404 means that answers the request itself', async (t) => {
    const server = await legacyServer(t, (received) => json(received.response, { jsonrpc: '2.0', id: received.id, error: { code: -32601, message: 'Method not found' } }, 404))
    const { connection } = await open(t, server.url)
    assert.deepEqual(await ask(connection), { error: { code: -32601, message: 'Method not found' } })
    assert.equal(server.of('initialize').length, 1)
  })

  it('ends the connection when there will be no new one: what did not run may be tried again', async (t) => {
    let isUp = true
    const server = await serve(t, (received) => {
      if (!isUp) return refuse(received, received.method === 'initialize' ? 503 : 404)
      if (received.method === 'initialize') result(received, initializeResult, { 'mcp-session-id': 'abc' })
      else refuse(received, received.verb === 'GET' ? 405 : 202)
    })
    const { connection, peer } = await open(t, server.url)
    isUp = false
    assert.equal((await ask(connection)).error?.code, unavailable)
    assert.equal(connection.open, false)
    assert.equal(peer.ends, 1)
  })

  it('is found out by a ping when the server refuses in its own way; a server that is none any more is found out about anew', async (t) => {
    let isUp = true
    const server = await serve(t, (received) => {
      if (isUp && received.method === 'initialize') result(received, initializeResult)
      else refuse(received, received.verb === 'GET' ? 405 : isUp ? 202 : 400, -32000)
    })
    const { connection, peer, verdicts } = await open(t, server.url, {}, { era: 'legacy' })
    const { server: entry } = httpWanted(server.url)
    assert.notEqual(verdicts.known(entry), undefined)
    isUp = false
    assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_PROTOCOL.rpcCode)
    await until('the connection ends', () => peer.ends === 1)
    assert.equal(verdicts.known(entry), undefined)
  })
})

describe('what a legacy server asks', () => {
  it('is about the call on whose stream it comes, and answered by a POST of the session', async (t) => {
    const server = await legacyServer(t, (received) => {
      if (received.method === undefined) return refuse(received, 202)
      const out = stream(received)
      out.send({ id: `ask-${(received.message['params'] as JsonObject)['name'] as string}`, method: 'sampling/createMessage', params: {} })
      out.send({ id: received.id, result: {} })
      out.end()
    })
    const { connection, peer } = await open(t, server.url)
    peer.answer = () => Promise.resolve({ result: { role: 'assistant' } })
    const calls = [testCall({ params: { name: 'a' } }), testCall({ params: { name: 'b' } })]
    for (const call of calls) connection.call(call)
    await Promise.all(calls.map(replied))
    for (const call of calls) {
      const answer = await server.got('the answer', (one) => one.id === `ask-${(call.params as JsonObject)['name'] as string}`)
      assert.deepEqual(answer.message['result'], { role: 'assistant' })
      assert.equal(answer.headers['mcp-session-id'], [...server.sessions][0])
      assert.ok(peer.asked.some(({ about }) => about === call))
    }
  })

  it('is a ping: answered here', async (t) => {
    const server = await legacyServer(t, (received) => {
      if (received.method === undefined) refuse(received, 202)
      else stream(received).send({ id: 'p', method: 'ping' })
    })
    const { connection, peer } = await open(t, server.url)
    connection.call(testCall())
    assert.deepEqual((await server.got('the answer', (one) => one.id === 'p')).message['result'], {})
    assert.equal(peer.asked.length, 0)
  })

  it('can be withdrawn by the server, and is bounded', async (t) => {
    const server = await legacyServer(t, (received) => {
      if (received.method === undefined) return refuse(received, 202)
      const out = stream(received)
      for (let at = 0; at < 150; at++) out.send({ id: at, method: 'roots/list' })
      out.send({ method: 'notifications/cancelled', params: { requestId: 0 } })
    })
    const { connection, peer } = await open(t, server.url)
    peer.answer = () => new Promise(() => {})
    connection.call(testCall())
    await until('it is withdrawn', () => peer.asked[0]?.signal.aborted)
    assert.equal(peer.asked.length, 100)
    await until('the rest is refused', () => server.received.filter((one) => one.method === undefined && one.message['error'] !== undefined).length === 50)
  })
})

describe('the stream of a session', () => {
  it('brings what belongs to no call', async (t) => {
    const server = await legacyServer(t, (received) => refuse(received, 500), { withStream: true })
    const { peer, faults } = await open(t, server.url)
    const out = await until('the stream stands', () => server.streams[0])
    out.send({ method: 'notifications/tools/list_changed' })
    out.send({ id: 1, method: 'roots/list' })
    out.send({ id: 77, result: {} })
    await until('all is heard', () => faults.length === 1)
    assert.deepEqual(peer.heard, [{ method: 'notifications/tools/list_changed', params: undefined, about: undefined }])
    assert.deepEqual(peer.asked.map(({ method, about }) => [method, about]), [['roots/list', undefined]])
    assert.deepEqual(faults, ['unknown_id'])
    const [get] = server.verb('GET')
    assert.equal(get?.headers.accept, 'text/event-stream')
    assert.equal(get?.headers['mcp-protocol-version'], '2025-11-25')
  })

  it('is taken up again after its last event, no sooner than the server wants (SEP-1699)', async (t) => {
    const ends: number[] = []
    const begins: number[] = []
    const server = await serve(t, (received) => {
      if (received.method === 'initialize') return result(received, initializeResult, { 'mcp-session-id': 'abc' })
      if (received.verb !== 'GET') return refuse(received, 202)
      begins.push(performance.now())
      const out = stream(received)
      if (begins.length > 2) return
      out.raw('retry: 300\n')
      out.send({ method: 'notifications/tools/list_changed' }, `event-${begins.length}`)
      ends.push(performance.now())
      out.end()
    })
    const { peer } = await open(t, server.url)
    await until('it is taken up twice', () => begins.length === 3)
    assert.deepEqual(server.verb('GET').map((one) => one.headers['last-event-id']), [undefined, 'event-1', 'event-2'])
    for (const at of [0, 1]) assert.ok((begins[at + 1] ?? 0) - (ends[at] ?? 0) >= 295)
    assert.equal(peer.heard.length, 2)
  })

  it('is not asked for again where there is none', async (t) => {
    for (const status of [400, 405, 404]) {
      const server = await serve(t, (received) => {
        if (received.method === 'initialize') result(received, initializeResult)
        else refuse(received, received.verb === 'GET' ? status : 202)
      })
      const { connection } = await open(t, server.url)
      await until('it was asked for', () => server.verb('GET').length === 1)
      await connection.close()
      assert.equal(server.verb('GET').length, 1)
    }
  })

  it('whose session is forgotten renews it, and stands again', async (t) => {
    const server = await legacyServer(t, (received) => refuse(received, 500), { withStream: true })
    const { peer, connection } = await open(t, server.url)
    const out = await until('the stream stands', () => server.streams[0])
    server.sessions.clear()
    out.raw('retry: 50\n\n')
    out.end()
    await until('another stands', () => server.streams[1])
    assert.equal(peer.resets, 1)
    assert.equal(server.of('initialize').length, 2)
    assert.equal(connection.open, true)
  })
})

describe('closing a legacy connection', () => {
  it('ends the session, and leaves no connection', async (t) => {
    const server = await legacyServer(t, () => {}, { withStream: true })
    const { connection, peer } = await open(t, server.url)
    await until('the stream stands', () => server.streams[0])
    connection.call(testCall())
    await server.got('the call', (one) => one.method === 'tools/call')
    await Promise.all([connection.close(), connection.close()])
    assert.equal(server.verb('DELETE').length, 1)
    assert.equal(server.sessions.size, 0)
    assert.equal(peer.ends, 1)
    await quiet(server)
  })

  it('does not wait for a server that does not let go', async (t) => {
    const server = await serve(t, (received) => {
      if (received.method === 'initialize') result(received, initializeResult, { 'mcp-session-id': 'abc' })
      else if (received.verb === 'POST') refuse(received, 202)
    })
    const { connection } = await open(t, server.url)
    const startMs = performance.now()
    await connection.close()
    assert.ok(performance.now() - startMs < 8000)
    await quiet(server)
  })

  it('notifications go with the session, whatever is answered', async (t) => {
    const server = await legacyServer(t, (received) => result(received, {}))
    const { connection } = await open(t, server.url)
    connection.notify('notifications/roots/list_changed')
    const told = await server.got('it', (one) => one.method === 'notifications/roots/list_changed')
    assert.equal(told.headers['mcp-session-id'], [...server.sessions][0])
    assert.deepEqual(told.message, { jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
  })

  it('understands several messages in one array (2025-03-26)', async (t) => {
    const server = await legacyServer(t, (received) => json(received.response, [{ jsonrpc: '2.0', method: 'notifications/message', params: {} }, { jsonrpc: '2.0', id: received.id, result: { batch: true } }]))
    const { connection, peer } = await open(t, server.url)
    assert.deepEqual(await ask(connection), { result: { batch: true } })
    assert.equal(peer.heard.length, 1)
  })
})
