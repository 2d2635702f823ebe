import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { openStreams } from '../../routes/answer/response-writer.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId, UserId } from '../../src/shared/ids.ts'
import type { Principal } from '../../src/shared/principal.ts'
import { responseOf, textOf } from '../helpers/legacy-wire.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { until } from '../helpers/until.ts'
import { fixture, gate, startRoutes } from './routes-parts.ts'
import type { RoutesBench } from './routes-parts.ts'

const echo = fixture('echo.mjs')
/** Sessions expire this soon after their last use; sweeps come every second. */
const IDLE_MS = 500

/** A connection on which the test writes HTTP itself. */
async function rawSocket ({ edge }: RoutesBench): Promise<Socket> {
  const socket = connect(edge.port, '127.0.0.1')
  socket.on('error', () => { /* Cut by the test. */ })
  socket.resume()
  await once(socket, 'connect')
  return socket
}

function rawRequest (bench: RoutesBench, method: string, path: string, session: LegacyWire | undefined, body = ''): string {
  const headers = { host: 'localhost', accept: 'application/json, text/event-stream', ...bench.headers(), ...(session?.sessionId === undefined ? {} : { 'mcp-session-id': session.sessionId }), ...(body === '' ? {} : { 'content-type': 'application/json', 'content-length': String(body.length) }) }
  return `${method} ${path} HTTP/1.1\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

const call = (id: string, name: string, args: Record<string, unknown>): Record<string, unknown> => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } })

describe('clients that vanish leave nothing', () => {
  it('a GET stream whose client left before it was let in', async (t) => {
    const guard = gate()
    const bench = await startRoutes(t, { servers: { echo }, idleMs: IDLE_MS, change: guard.change })
    const client = bench.wire()
    await client.open()
    guard.shut = true
    const socket = await rawSocket(bench)
    socket.write(rawRequest(bench, 'GET', '/servers/echo/mcp', client))
    await until('it waits at the guard', () => guard.waiting === 1)
    socket.destroy()
    await until('the server has noticed', () => connections(bench).then((count) => count <= 1))
    guard.shut = false
    guard.open()
    await until('the session has expired', () => bench.gateway.sessionCounts.http === 0)
    assert.equal(openStreams(), 0)
  })

  it('an HTTP+SSE session whose client left before it was let in', async (t) => {
    const guard = gate()
    const bench = await startRoutes(t, { servers: { echo }, change: guard.change })
    guard.shut = true
    const socket = await rawSocket(bench)
    socket.write(rawRequest(bench, 'GET', '/servers/echo/sse', undefined))
    await until('it waits at the guard', () => guard.waiting === 1)
    socket.destroy()
    await until('the server has noticed', () => connections(bench).then((count) => count === 0))
    guard.shut = false
    guard.open()
    // The handler runs behind the gate, a few promises later; a request after it has seen it.
    assert.equal((await bench.edge.send('/servers/echo/mcp', { headers: bench.headers() })).status, 400)
    assert.deepEqual([bench.gateway.sessionCounts.sse, openStreams()], [0, 0])
  })

  it('a GET stream that was pipelined behind a slow request', async (t) => {
    const bench = await startRoutes(t, { servers: { echo }, idleMs: IDLE_MS })
    const client = bench.wire()
    await client.open()
    const socket = await rawSocket(bench)
    const slow = JSON.stringify(call('slow', 'sleep', { ms: 400 }))
    socket.write(rawRequest(bench, 'POST', '/servers/echo/mcp', client, slow) + rawRequest(bench, 'GET', '/servers/echo/mcp', client))
    await until('the stream is there', () => openStreams() === 1)
    socket.destroy()
    await until('the session has expired', () => bench.gateway.sessionCounts.http === 0)
    assert.equal(openStreams(), 0)
  })

  it('streams of all kinds, each counted once', async (t) => {
    const bench = await startRoutes(t, { servers: { echo }, idleMs: IDLE_MS })
    const clients = [bench.wire(), bench.wire('/mcp')]
    // Each listens at once: a session that waited for the other to be open could have expired.
    const streams = (await Promise.all(clients.map(async (client) => {
      await client.open()
      return [await client.listen(), await client.listen()]
    }))).flat()
    const sse = await bench.edge.open('/servers/echo/sse', { headers: { ...bench.headers(), accept: 'text/event-stream' } })
    const long = await clients[0]?.post({ ...call('long', 'progress', { steps: 20, everyMs: 10 }), params: { name: 'progress', arguments: { steps: 20, everyMs: 10 }, _meta: { progressToken: 1 } } })
    assert.equal(openStreams(), 6)
    for (const stream of [...streams, sse]) stream.cut()
    long?.cut()
    await until('all are closed', () => openStreams() === 0)
    await until('all sessions are gone', () => bench.gateway.sessionCounts.http === 0 && bench.gateway.sessionCounts.sse === 0)
  })
})

async function connections ({ edge }: RoutesBench): Promise<number> {
  return await new Promise((resolve, reject) => edge.app.server.getConnections((error, count) => error === null ? resolve(count) : reject(error)))
}

describe('a lost connection (rulings 4, FR41)', () => {
  const cancels = async (client: LegacyWire): Promise<number> => (JSON.parse(textOf(await client.call('cancelled'))) as unknown[]).length

  it('leaves the call running, and its answer to be had', async (t) => {
    const { wire } = await startRoutes(t, { servers: { echo } })
    const client = wire()
    await client.open()
    const answer = await client.post(call('r', 'sleep', { ms: 1500, text: 'kept' }))
    const { id } = await answer.nextEvent('priming', (event) => event.id !== undefined)
    answer.cut()
    const resumed = await client.listen(id)
    assert.equal(textOf(await responseOf(resumed, 'r')), 'kept')
    assert.equal(await cancels(client), 0)
  })

  it('cancels it where the operator says so: before the stream, on it, and on a resumed one', async (t) => {
    const { wire, gateway, edge, headers } = await startRoutes(t, { servers: { echo: { ...echo, cancelOnDisconnect: true } } })
    const client = wire()
    await client.open()
    const aborter = new AbortController()
    const session = { ...headers(), accept: 'application/json, text/event-stream', 'mcp-session-id': client.sessionId ?? '' }
    const early = edge.send('/servers/echo/mcp', { signal: aborter.signal, headers: session, body: call('early', 'sleep', { ms: 60_000 }) }).catch(() => 'gone')
    await until('it runs', () => gateway.callsInFlight === 1)
    aborter.abort()
    assert.equal(await early, 'gone')
    await until('it is cancelled', () => gateway.callsInFlight === 0)
    for (const isResumed of [false, true]) {
      const answer = await client.post(call(`late ${isResumed}`, 'sleep', { ms: 60_000 }))
      const { id } = await answer.nextEvent('priming', (event) => event.id !== undefined)
      const last = isResumed ? await client.listen(id) : answer
      if (isResumed) {
        // Taken over before the first connection is lost: that loss means nothing.
        assert.equal(await answer.ended, 'complete')
        assert.equal(gateway.callsInFlight, 1)
      }
      last.cut()
      await until('it is cancelled', () => gateway.callsInFlight === 0)
    }
    assert.equal(await cancels(client), 3)
  })

  it('always cancels plain calls', async (t) => {
    const { edge, headers, gateway } = await startRoutes(t, { servers: { echo } })
    const aborter = new AbortController()
    const batch = Array.from({ length: 20 }, () => ({ tool_name: 'sleep', arguments: { ms: 60_000 } }))
    const answer = edge.send('/servers/echo/tools/batch', { method: 'POST', body: batch, headers: headers(), signal: aborter.signal }).catch(() => 'gone')
    await until('they run', () => gateway.callsInFlight === 20)
    aborter.abort()
    assert.equal(await answer, 'gone')
    await until('they are cancelled', () => gateway.callsInFlight === 0)
  })

  it('ends an HTTP+SSE session with its calls', async (t) => {
    const { edge, headers, gateway } = await startRoutes(t, { servers: { echo } })
    const stream = await edge.open('/servers/echo/sse', { headers: { ...headers(), accept: 'text/event-stream' } })
    const { data } = await stream.nextEvent('the endpoint', ({ event }) => event === 'endpoint')
    const post = (body: unknown): ReturnType<typeof edge.send> => edge.send(data ?? '', { method: 'POST', body, headers: headers() })
    await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2024-11-05', capabilities: {} } })
    await stream.next('hello', ({ id }) => id === 1)
    await post(call('c', 'sleep', { ms: 60_000 }))
    await until('it runs', () => gateway.callsInFlight === 1)
    stream.cut()
    await until('it is cancelled', () => gateway.callsInFlight === 0)
    assert.deepEqual(gateway.sessionCounts, { http: 0, sse: 0 })
    assert.equal((await post(call('d', 'echo', {}))).status, 404)
  })
})

describe('a token that expires (T10)', () => {
  /** Everybody is bob, with a token that ends in a moment. */
  const expiring = (t: Parameters<typeof startRoutes>[0], leftMs: () => number): Promise<RoutesBench> => startRoutes(t, {
    servers: { echo },
    change: ({ authenticator }) => ({
      authenticator: {
        ...authenticator,
        authenticate: () => ({ ok: true, value: bob(Date.now() + leftMs()) })
      }
    })
  })

  it('ends its GET streams, and with the stream an HTTP+SSE session; the call under way is answered', async (t) => {
    let leftMs = 60_000
    const bench = await expiring(t, () => leftMs)
    const client = bench.wire()
    await client.open()
    leftMs = 300
    const streams = [await client.listen(), await bench.edge.open('/servers/echo/sse', { headers: { accept: 'text/event-stream' } })]
    const running = client.call('sleep', { ms: 1200, text: 'answered' })
    for (const stream of streams) assert.equal(await stream.ended, 'complete')
    assert.equal(textOf(await running), 'answered')
    await until('the session is gone', () => bench.gateway.sessionCounts.sse === 0)
    assert.equal(bench.gateway.sessionCounts.http, 1)
  })
})

function bob (expiresAtMs: number): Principal {
  return { issuer: 'https://idp.example', tenant: brandAs<TenantId>('acme'), user: brandAs<UserId>('bob'), clientId: 'web', credentialId: 'jti', expiresAtMs, ownerKey: 'bob', userKey: 'bob' }
}
