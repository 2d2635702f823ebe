import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { takeOver } from '../../listener.ts'
import { until } from '../helpers/until.ts'
import { startEdge, type EdgeApp } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

/** More bytes than any kernel keeps for a client that does not read. */
const LARGE = 32 * 1024 * 1024

test('the listener gives headers ten seconds, a whole request thirty (T31)', async (t) => {
  const edge = await startEdge({ settings: edgeSettings().settings })
  t.after(() => edge.close())
  const { headersTimeout, requestTimeout, timeout } = edge.app.server
  assert.deepEqual([headersTimeout, requestTimeout, timeout], [10_000, 30_000, 60_000])
})

describe('clients that do not read their answers (T31)', () => {
  const start = (slowReaders: { stalledMs: number, maxUnreadBytes: number }): Promise<EdgeApp> => startEdge({
    settings: edgeSettings().settings,
    routes: (app) => {
      app.get('/large', { config: { public: true } }, (_request, reply) => { reply.send('x'.repeat(LARGE)) })
      app.get('/late', { config: { public: true } }, (_request, reply) => { setTimeout(() => { reply.send('late') }, 1500) })
    },
    change: () => ({ slowReaders })
  })
  const cutsOf = async (edge: EdgeApp, reason: string): Promise<number> => {
    return Number(new RegExp(`^drawbridge_slow_readers_cut_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(await edge.options.telemetry.expose())?.[1])
  }
  /** Asks, and reads nothing. */
  const ask = async (edge: EdgeApp): Promise<Socket> => {
    const socket = connect(edge.port, '127.0.0.1').pause()
    socket.on('error', () => { /* Cut: what the test is about. */ })
    await once(socket, 'connect')
    socket.write('GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    return socket
  }
  /** Reads on to the end, whichever that is. */
  const readAll = async (socket: Socket): Promise<number> => {
    let bytes = 0
    socket.on('data', (chunk: Buffer) => { bytes += chunk.length }).resume()
    await once(socket, 'close')
    return bytes
  }

  test('one that takes nothing is cut; one that has no answer yet waits for it, however long', async (t) => {
    const edge = await start({ stalledMs: 1000, maxUnreadBytes: Infinity })
    t.after(() => edge.close())
    const waiting = edge.send('/late')
    const stalled = await ask(edge)
    await until('the cut', async () => await cutsOf(edge, 'stalled') === 1)
    assert.ok(await readAll(stalled) < LARGE)
    assert.equal((await waiting).body(), 'late')
    assert.equal((await edge.send('/large')).body().length, LARGE)
    assert.equal(await cutsOf(edge, 'stalled'), 1)
  })

  test('what was handed over by another process and is not read counts, too', async (t) => {
    const edge = await start({ stalledMs: 60_000, maxUnreadBytes: LARGE / 2 })
    const dir = await mkdtemp(join(tmpdir(), 'handed-over-'))
    const handBack = await takeOver(edge.app, join(dir, 'socket'), new WeakSet())
    t.after(async () => {
      await Promise.all([handBack(), edge.close()])
      await rm(dir, { recursive: true })
    })
    const socket = connect(join(dir, 'socket')).on('error', () => { /* Cut: what the test is about. */ })
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    socket.pause().write('GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await until('the cut', async () => await cutsOf(edge, 'memory') === 1)
  })

  test('when all together leave too much, those that have left theirs longest are cut, until the rest fits', async (t) => {
    const edge = await start({ stalledMs: 60_000, maxUnreadBytes: 2.5 * LARGE })
    t.after(() => edge.close())
    const clients: Socket[] = []
    for (let count = 0; count < 4; count++) clients.push(await ask(edge))
    await until('the cuts', async () => await cutsOf(edge, 'memory') === 2)
    const read = await Promise.all(clients.map(readAll))
    assert.deepEqual(read.map((bytes) => bytes > LARGE), [false, false, true, true])
    assert.equal(await cutsOf(edge, 'memory'), 2)
  })

  test('a connection kept for a next request is closed in time all the same', async (t) => {
    const edge = await start({ stalledMs: 60_000, maxUnreadBytes: Infinity })
    t.after(() => edge.close())
    edge.app.server.keepAliveTimeout = 200
    const socket = connect(edge.port, '127.0.0.1')
    socket.write('GET /live-not-there HTTP/1.1\r\nhost: localhost\r\n\r\n')
    assert.ok(await readAll(socket) > 0)
  })
})
