import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { createParser } from 'eventsource-parser'
import { openStreams } from '../../routes/answer/response-writer.ts'
import { waitingOn } from '../../routes/answer/when-closed.ts'
import { notificationText } from '../../src/protocol/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId, UserId } from '../../src/shared/ids.ts'
import type { Principal } from '../../src/shared/principal.ts'
import { ACCEPT_BOTH } from '../helpers/legacy-wire.ts'
import { until } from '../helpers/until.ts'
import { call, modern, startModern, type ModernBench, type Received } from './modern-parts.ts'
import { gate } from './routes-parts.ts'

const RESULT = { result: { resultType: 'complete' } }
const progress = (step: number): string => notificationText('notifications/progress', { progressToken: 1, progress: step, message: 'ü\u2028\n' })

async function nth (received: readonly Received[], index: number): Promise<Received> {
  return await until(`request ${index + 1} is there`, () => received[index])
}

describe('an answer as a stream (MCP 2026-07-28 transports)', () => {
  it('begins with what comes before the reply, and ends with the reply', async (t) => {
    const { post, received } = await startModern(t, { answer: ({ exchange }) => exchange.emit(progress(1)) })
    const answer = await post(call('s'))
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.headers['x-accel-buffering'], answer.headers['cache-control']], [200, 'text/event-stream; charset=utf-8', 'no', 'no-cache, no-transform'])
    const one = await nth(received, 0)
    one.exchange.emit(progress(2))
    one.exchange.finish('s', RESULT)
    one.exchange.emit(progress(3))
    assert.equal(await answer.ended, 'complete')
    const events: unknown[] = []
    const parser = createParser({ onEvent: ({ id, event, data }) => { events.push([id, event, JSON.parse(data)]) }, onRetry: () => assert.fail('no retry'), onError: (error) => assert.fail(error) })
    parser.feed(answer.body())
    assert.deepEqual(events, [
      [undefined, 'message', JSON.parse(progress(1))],
      [undefined, 'message', JSON.parse(progress(2))],
      [undefined, 'message', { jsonrpc: '2.0', id: 's', ...RESULT }]
    ])
    assert.deepEqual([one.cancelled, openStreams()], [0, 0])
  })

  it('also begins after a second, so that keep-alives flow; an error is then part of it', async (t) => {
    const { post, received } = await startModern(t)
    const slow = [post(call('late')), post(call('refused')), post(call('dropped'))]
    const answers = await Promise.all(slow)
    assert.deepEqual(answers.map(({ isSse, body }) => [isSse, body()]), [[true, ''], [true, ''], [true, '']])
    assert.equal(openStreams(), 3)
    for (const { exchange, request: { id } } of received) {
      if (id === 'late') exchange.finish(id, { error: { code: -32021, message: 'no', data: { requiredCapabilities: { sampling: {} } } } })
      else if (id === 'refused') exchange.refuse(new GatewayError('GW_LIMIT_CONCURRENCY'), id)
      else exchange.drop()
    }
    for (const answer of answers) assert.equal(await answer.ended, 'complete')
    assert.deepEqual(answers.map((answer) => answer.messages().map(({ id, error }) => [id, error?.code])), [[['late', -32021]], [['refused', 42901]], []])
    assert.deepEqual([received.map(({ cancelled }) => cancelled), openStreams()], [[0, 0, 0], 0])
  })
})

describe('a client that goes has cancelled (FR41)', () => {
  it('while it waits for JSON: at once, and nothing that comes later matters', async (t) => {
    const { post, received } = await startModern(t)
    const aborter = new AbortController()
    const waiting = post(call(1), {}, aborter.signal).catch(() => 'gone')
    const one = await nth(received, 0)
    const startMs = performance.now()
    aborter.abort()
    assert.equal(await waiting, 'gone')
    await until('it is cancelled', () => one.cancelled === 1)
    assert.ok(performance.now() - startMs < 900, 'not only when the answer would have become a stream')
    one.exchange.emit(progress(1))
    one.exchange.finish(1, RESULT)
    one.exchange.refuse(new GatewayError('GW_CANCELLED'), 1)
    one.exchange.drop()
    assert.deepEqual([one.cancelled, openStreams()], [1, 0])
  })

  it('while it reads a stream', async (t) => {
    const { post, received } = await startModern(t, { answer: ({ exchange }) => exchange.emit(progress(1)) })
    const answer = await post(call(1))
    const one = await nth(received, 0)
    answer.cut()
    await until('it is cancelled', () => one.cancelled === 1)
    one.exchange.emit(progress(2))
    one.exchange.finish(1, RESULT)
    await until('its stream is closed', () => openStreams() === 0)
    assert.equal(one.cancelled, 1)
  })

  it('with all it has sent on one connection', async (t) => {
    const { bench, received } = await startModern(t)
    const socket = connect(bench.edge.port, '127.0.0.1')
    socket.on('error', () => { /* Cut by the test. */ })
    await once(socket, 'connect')
    socket.write([1, 2, 3, 4].map((id) => rawPost(bench, call(id))).join(''))
    await nth(received, 3)
    received[1]?.exchange.emit(progress(1))
    received[2]?.exchange.finish(3, RESULT)
    // The end of the first frees the slot that the last one waited for.
    ;(received[0] as Received).onCancel = () => received[3]?.exchange.finish(4, RESULT)
    socket.destroy()
    await until('all are cancelled that had no answer', () => received[0]?.cancelled === 1 && received[1]?.cancelled === 1)
    assert.deepEqual([received[2]?.cancelled, received[3]?.cancelled, openStreams()], [0, 0, 0])
  })

  it('before it was let in: nothing is done for it', async (t) => {
    const guard = gate()
    const { bench, post, received } = await startModern(t, { change: guard.change, answer: ({ exchange, request }) => exchange.finish(request.id, RESULT) })
    guard.shut = true
    const aborter = new AbortController()
    const waiting = post(call(1), {}, aborter.signal).catch(() => 'gone')
    await until('it waits at the guard', () => guard.waiting === 1)
    aborter.abort()
    assert.equal(await waiting, 'gone')
    await until('the server has noticed', () => new Promise((resolve) => bench.edge.app.server.getConnections((_error, count) => resolve(count === 0))))
    guard.shut = false
    guard.open()
    assert.equal((await post(call(2))).status, 200)
    assert.deepEqual(received.map(({ request }) => request.id), [2])
  })

  it('between the guard and the gateway: nothing either', async (t) => {
    let sever = false
    let socket: Socket | undefined
    const { bench, post, received } = await startModern(t, {
      change: ({ gateway }) => {
        const serverNamed = gateway.serverNamed.bind(gateway)
        // The first thing that a route asks is whose endpoint this is.
        gateway.serverNamed = (principal, name) => {
          if (sever) socket?.destroy()
          return serverNamed(principal, name)
        }
        return {}
      },
      answer: ({ exchange, request }) => exchange.finish(request.id, RESULT)
    })
    bench.edge.app.server.on('connection', (made) => { socket = made })
    sever = true
    assert.equal(await post(call(1)).catch(() => 'gone'), 'gone')
    sever = false
    assert.equal((await post(call(2))).status, 200)
    assert.deepEqual(received.map(({ request }) => request.id), [2])
  })

  it('or does not read (FR40)', async (t) => {
    const { bench, received } = await startModern(t)
    const socket = connect(bench.edge.port, '127.0.0.1')
    socket.on('error', () => { /* Cut by the gateway. */ })
    await once(socket, 'connect')
    socket.pause()
    socket.write(rawPost(bench, call(1)))
    const one = await nth(received, 0)
    const large = notificationText('notifications/message', { data: 'x'.repeat(300_000) })
    for (let frames = 0; frames < 20; frames++) one.exchange.emit(large)
    assert.equal(one.cancelled, 1, 'as soon as too much lies unread')
    one.exchange.finish(1, RESULT)
    socket.destroy()
    await until('its stream is closed', () => openStreams() === 0)
    assert.equal(one.cancelled, 1)
  })

  it('but one that was answered may go as it likes', async (t) => {
    const { post, received, bench } = await startModern(t)
    const sockets: Socket[] = []
    bench.edge.app.server.on('connection', (socket) => { sockets.push(socket) })
    for (const id of [1, 2, 3]) {
      const waiting = post(call(id))
      const one = await nth(received, id - 1)
      if (id === 2) one.exchange.emit(progress(1))
      one.exchange.finish(id, RESULT)
      await (await waiting).ended
    }
    assert.ok(sockets.length > 0)
    for (const socket of sockets) assert.equal(waitingOn(socket).size, 0, 'nothing of an answered request waits for its connection')
    bench.edge.app.server.closeAllConnections()
    await until('all have gone', () => new Promise((resolve) => bench.edge.app.server.getConnections((_error, count) => resolve(count === 0))))
    assert.deepEqual(received.map(({ cancelled }) => cancelled), [0, 0, 0])
  })
})

describe('a token that expires (T10)', () => {
  it('ends subscriptions; a call under way is answered', async (t) => {
    const { post, received } = await startModern(t, {
      answer: ({ exchange }) => exchange.emit(progress(1)),
      change: ({ authenticator }) => ({ authenticator: { ...authenticator, authenticate: () => ({ ok: true, value: bob(Date.now() + 1000) }) } })
    })
    const [running, listening] = [await post(call('c')), await post(modern('l', 'subscriptions/listen', { notifications: {} }))]
    assert.equal(await listening.ended, 'complete')
    assert.deepEqual([received[0]?.cancelled, received[1]?.cancelled, listening.messages().length], [0, 1, 1])
    received[1]?.exchange.finish('l', RESULT)
    received[0]?.exchange.finish('c', RESULT)
    await running.next('the reply', ({ id }) => id === 'c')
    assert.equal(await running.ended, 'complete')
    assert.deepEqual([received[0]?.cancelled, received[1]?.cancelled], [0, 1])
  })
})

function rawPost ({ headers }: ModernBench['bench'], message: Record<string, unknown>): string {
  const body = JSON.stringify(message)
  const all = { host: 'localhost', accept: ACCEPT_BOTH, ...headers(), 'content-type': 'application/json', 'content-length': String(body.length), 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' }
  return `POST /servers/echo/mcp HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

function bob (expiresAtMs: number): Principal {
  return { issuer: 'https://idp.example', tenant: brandAs<TenantId>('acme'), user: brandAs<UserId>('bob'), clientId: 'web', credentialId: 'jti', expiresAtMs, ownerKey: 'bob', userKey: 'bob' }
}
