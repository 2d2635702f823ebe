import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { QuietTimers } from '../../plugins/edge/quiet-timers.ts'
import { until } from '../helpers/until.ts'

const ARM_MS = 50
const KEPT_MS = 200
const SERVED_MS = 300

interface Watched { readonly server: Server, readonly port: number, /** What Node's own timers were set to, in order. */ readonly set: number[], readonly silent: Socket[] }

/** A server whose connections are watched, and which counts the timers that are really set. */
async function start (t: TestContext, listener: RequestListener): Promise<Watched> {
  const timers = new QuietTimers(ARM_MS)
  const server = createServer({ keepAliveTimeout: KEPT_MS, keepAliveTimeoutBuffer: 0 }, listener)
  const [set, silent]: [number[], Socket[]] = [[], []]
  server.setTimeout(SERVED_MS, (socket) => {
    silent.push(socket)
    socket.destroy()
  })
  server.on('connection', (socket) => {
    const usual = socket.setTimeout
    socket.setTimeout = function (ms, callback) {
      set.push(ms)
      return usual.call(this, ms, callback)
    }
    timers.watch(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    timers.close()
    server.closeAllConnections()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, set, silent }
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

async function open (t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => { /* Cut: what some tests are about. */ })
  await once(socket, 'connect')
  return socket
}

async function ask (socket: Socket): Promise<string> {
  socket.write(REQUEST)
  const [chunk] = await once(socket, 'data') as [Buffer]
  return chunk.toString()
}

describe('timers of connections', () => {
  test('a busy connection is given none, and its answers say how long it is kept', async (t) => {
    const { port, set } = await start(t, (_request, answer) => { answer.end('ok') })
    const socket = await open(t, port)
    const startedMs = performance.now()
    let requests = 0
    while (performance.now() - startedMs < 10 * ARM_MS) {
      assert.match(await ask(socket), /Keep-Alive: timeout=/i)
      requests++
    }
    assert.ok(requests > 20, `${requests} requests`)
    // The one that it was born with is taken back. A stall of this machine may have one set and taken back.
    assert.equal(set[0], 0)
    assert.ok(set.length < 10, `${set.length} timers for ${requests} requests`)
  })

  test('a kept one that nobody uses is closed after its time, and not before', async (t) => {
    const { port, set } = await start(t, (_request, answer) => { answer.end('ok') })
    const socket = await open(t, port)
    await ask(socket)
    const idleSinceMs = performance.now()
    await once(socket, 'close')
    assert.ok(performance.now() - idleSinceMs >= KEPT_MS, `closed after ${performance.now() - idleSinceMs} ms`)
    assert.deepEqual(set, [0, KEPT_MS])
  })

  test('one that is served and silent is told of, though it was busy before; one that was never asked anything, too', async (t) => {
    let isSlow = false
    const { port, silent } = await start(t, (_request, answer) => { if (!isSlow) answer.end('ok') })
    const [busy, mute] = [await open(t, port), await open(t, port)]
    await ask(busy)
    await ask(busy)
    isSlow = true
    busy.write(REQUEST)
    await Promise.all([once(busy, 'close'), once(mute, 'close')])
    assert.equal(silent.length, 2)
  })

  test('one that is used again after its timer was set is not closed by it', async (t) => {
    const { port, set } = await start(t, (_request, answer) => { answer.end('ok') })
    const socket = await open(t, port)
    for (let round = 0; round < 3; round++) {
      const before = set.length
      await ask(socket)
      await until('its timer is set', () => set.slice(before).includes(KEPT_MS))
      assert.equal(set[before], 0, 'the one before is taken back')
    }
    assert.match(await ask(socket), /^HTTP\/1.1 200/)
  })

  test('one that is gone is given none', async (t) => {
    const { server, port, set } = await start(t, (_request, answer) => { answer.end('ok') })
    const socket = await open(t, port)
    await ask(socket)
    const before = set.length
    socket.destroy()
    await until('the server has noticed', () => new Promise<boolean>((resolve) => { server.getConnections((_error, count) => { resolve(count === 0) }) }))
    const other = await open(t, port)
    await ask(other)
    await once(other, 'close')
    assert.deepEqual(set.slice(before), [0, KEPT_MS])
  })
})
