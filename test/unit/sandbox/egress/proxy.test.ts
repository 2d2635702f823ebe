import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { serveProxy } from '../../../../src/sandbox/egress/proxy.ts'
import { createResolveLine } from '../../../../src/sandbox/egress/resolve-line.ts'
import type { EgressOptions } from '../../../../src/sandbox/egress/types.ts'
import { until } from '../../../helpers/until.ts'

const MIB = 1_048_576

async function listen (test: TestContext, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  test.after(() => { server.close() })
  return (server.address() as AddressInfo).port
}

/** The proxy of a worker, on the machine's own loopback instead of a namespace's; every name leads to 127.0.0.1, which counts as public here. */
async function proxyOf (test: TestContext, allow: readonly string[], options: Partial<EgressOptions> = {}) {
  const refused: Array<readonly [string, string | undefined]> = []
  const all: EgressOptions = {
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    classify: () => 'public',
    ownPorts: () => [],
    events: { refused: (_server, reason, target) => refused.push([reason, target]) },
    ...options
  }
  const server = createServer()
  const proxy = serveProxy(server, { server: 'files', allow }, all, createResolveLine(all.resolve))
  test.after(() => proxy.close())
  const port = await listen(test, server)
  return { port, refused, server, proxy }
}

function dial (test: TestContext, port: number): Socket & { text (): string } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => { text += chunk }).on('error', () => {})
  test.after(() => { socket.destroy() })
  return Object.assign(socket, { text: () => text })
}

async function ask (test: TestContext, port: number, request: string): Promise<string> {
  const socket = dial(test, port)
  socket.write(request, 'latin1')
  await until('the proxy closes', () => socket.readableEnded || socket.destroyed)
  return socket.text()
}

describe('the proxy of a worker (T42)', () => {
  it('CONNECT: bytes of both directions as they are, early ones and the end of each included', async (test) => {
    const echo = await listen(test, createServer({ allowHalfOpen: true }, (socket) => { socket.on('end', () => socket.end('bye')).pipe(socket, { end: false }) }))
    const { port } = await proxyOf(test, [`a.example:${echo}`])
    const socket = dial(test, port)
    socket.write(`CONNECT a.example:${echo} HTTP/1.1\r\nHost: a.example\r\n\r\nearly\x00\xff`, 'latin1')
    await until('it echoes', () => socket.text().endsWith('early\x00\xff'))
    socket.end('late')
    await until('the other end has closed', () => socket.readableEnded)
    assert.equal(socket.text(), 'HTTP/1.1 200 Connection Established\r\n\r\nearly\x00\xfflatebye')
  })

  it('an http URL: one request, sent to the host of the URL and no other', async (test) => {
    const seen: unknown[] = []
    const upstream = await listen(test, createHttpServer((request, response) => {
      seen.push([request.method, request.url, request.headers.host, request.headers.connection, request.headers['proxy-connection']])
      request.pipe(response)
    }))
    const { port } = await proxyOf(test, [`a.example:${upstream}`])
    const answer = await ask(test, port, `POST http://a.example:${upstream}/x HTTP/1.1\r\nHost: b.example\r\nProxy-Connection: keep-alive\r\nContent-Length: 4\r\n\r\nbodyGET http://b.example/ HTTP/1.1\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*body/)
    assert.deepEqual(seen, [['POST', '/x', `a.example:${upstream}`, 'close', undefined]])
  })

  it('refuses with a sentence that names the key, tells why once each, and dials nobody', async (test) => {
    let connections = 0
    const canary = await listen(test, createServer(() => { connections += 1 }))
    const resolved: string[] = []
    const { port, refused } = await proxyOf(test, ['a.example', `inside.example:${canary}`, `own.example:${canary}`], {
      resolve: async (host) => {
        resolved.push(host)
        return [{ address: '127.0.0.1', family: 4 }]
      },
      classify: () => 'forbidden'
    })
    const other = await ask(test, port, `CONNECT b.example:${canary} HTTP/1.1\r\n\r\n`)
    const byAddress = await ask(test, port, `CONNECT 127.0.0.1:${canary} HTTP/1.1\r\n\r\n`)
    const inside = await ask(test, port, `GET http://inside.example:${canary}/ HTTP/1.1\r\n\r\n`)
    const none = await ask(test, port, 'GET / HTTP/1.1\r\nHost: 127.0.0.1:3128\r\n\r\n')
    assert.match(other, /^HTTP\/1\.1 403 Forbidden\r\n[^]*b\.example:\d+ is not among the hosts in mcpServers\.files\.sandbox\.network\n$/)
    assert.match(byAddress, /^HTTP\/1\.1 403 /)
    assert.match(inside, /^HTTP\/1\.1 403 [^]*leads to an address that no worker may reach\n$/)
    assert.match(none, /^HTTP\/1\.1 404 /)
    assert.deepEqual(refused, [['host', `b.example:${canary}`], ['host', `127.0.0.1:${canary}`], ['address', `inside.example:${canary}`], ['request', '']])
    assert.deepEqual([connections, resolved], [0, ['inside.example']])
  })

  it('connects to the address that it checked, though the name leads elsewhere a moment later', async (test) => {
    let connections = 0
    const canary = await listen(test, createServer((socket) => {
      connections += 1
      socket.end('canary')
    }))
    const answers = ['127.0.0.1', '127.0.0.2']
    const { port, refused } = await proxyOf(test, [`a.example:${canary}`], {
      resolve: async () => [{ address: answers.shift() ?? '127.0.0.2', family: 4 }],
      classify: (address) => address === '127.0.0.1' ? 'public' : 'forbidden'
    })
    assert.match(await ask(test, port, `CONNECT a.example:${canary} HTTP/1.1\r\n\r\n`), /200 Connection Established\r\n\r\ncanary$/)
    assert.match(await ask(test, port, `CONNECT a.example:${canary} HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 403 /)
    assert.deepEqual([connections, answers, refused], [1, [], [['address', `a.example:${canary}`]]])
  })

  it('bounds a head, and the connections of one worker', async (test) => {
    const { port, refused } = await proxyOf(test, [])
    assert.match(await ask(test, port, `GET http://a.example/ HTTP/1.1\r\nA: ${'x'.repeat(17_000)}`), /^HTTP\/1\.1 400 /)
    assert.match(await ask(test, port, `GET http://a.example/ HTTP/1.1\r\nA: ${'x'.repeat(17_000)}\r\n\r\n`), /^HTTP\/1\.1 400 /)
    const unused = dial(test, port)
    unused.end()
    await until('a connection without a word is closed without one', () => unused.readableEnded || unused.destroyed)
    assert.deepEqual([unused.text(), refused.length], ['', 2])
    const held = Array.from({ length: 64 }, () => dial(test, port))
    await Promise.all(held.map(async (socket) => { await once(socket, 'connect') }))
    assert.match(await ask(test, port, ''), /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*more than 64 connections at once\n$/)
    const more = Array.from({ length: 60 }, () => dial(test, port))
    await until('most of a flood is closed without a word', () => more.filter((socket) => (socket.destroyed || socket.readableEnded) && socket.text() === '').length >= 30)
    held[0]?.destroy()
    await until('one more is heard', async () => (await ask(test, port, 'CONNECT b.example:1 HTTP/1.1\r\n\r\n')).startsWith('HTTP/1.1 403 '))
    assert.deepEqual([...new Set(refused.map(([reason]) => reason))], ['request', 'connections', 'host'])
  })

  it('hands on as fast as the receiver takes, in both directions', async (test) => {
    let taken = 0
    let giver: Socket | undefined
    const upstream = await listen(test, createServer((socket) => { giver = socket.on('error', () => {}) }))
    const { port } = await proxyOf(test, [`a.example:${upstream}`])
    const socket = dial(test, port)
    socket.write(`CONNECT a.example:${upstream} HTTP/1.1\r\n\r\n`)
    const other = await until('the connection stands', () => socket.text().includes('200') && giver)
    socket.pause()
    const rss = process.memoryUsage().rss
    const block = Buffer.alloc(MIB)
    let given = 0
    const give = (): void => { while (given < 128 && other.write(block)) given += 1 }
    other.on('drain', give)
    give()
    // The receiver reads nothing: what fills up is sockets, not this process.
    let [before, still] = [-1, 0]
    await until('nothing more is taken', () => {
      still = given === before ? still + 1 : 0
      before = given
      return still === 20
    })
    assert.ok(given < 64, `${given} MiB were taken`)
    assert.ok(process.memoryUsage().rss - rss < 64 * MIB)
    socket.on('data', (chunk) => { taken += chunk.length })
    socket.resume()
    await until('all has come', () => taken >= 128 * MIB, 60_000)
  })

  it('closes a connection on which nothing moves, an answerless one, and all at the end', async (test) => {
    const upstream = await listen(test, createServer((socket) => { socket.on('error', () => {}) }))
    const { port } = await proxyOf(test, [`a.example:${upstream}`, 'a.example:1'], { idleMs: 60 })
    const idle = dial(test, port)
    idle.write(`CONNECT a.example:${upstream} HTTP/1.1\r\n\r\n`)
    await until('the idle one is closed', () => idle.readableEnded || idle.destroyed)
    assert.match(idle.text(), /200/)
    assert.match(await ask(test, port, 'CONNECT a.example:1 HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 502 Bad Gateway\r\n[^]*a\.example:1 cannot be reached\n$/)
    const { port: second, proxy } = await proxyOf(test, [`a.example:${upstream}`])
    const open = dial(test, second)
    open.write(`CONNECT a.example:${upstream} HTTP/1.1\r\n\r\n`)
    await until('it stands', () => open.text().includes('200'))
    proxy.close()
    await until('it is closed', () => open.readableEnded || open.destroyed)
  })

  it('a flood of refusals is counted, and told only in part', async (test) => {
    const { port, refused } = await proxyOf(test, [])
    for (let at = 0; at < 30; at++) await ask(test, port, 'CONNECT b.example:1 HTTP/1.1\r\n\r\n')
    assert.deepEqual([refused.length, refused.filter(([, target]) => target !== undefined).length], [30, 20])
  })
})
