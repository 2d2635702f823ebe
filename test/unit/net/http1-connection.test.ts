import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import type { Outbound, Sending } from '../../../src/net/index.ts'
import { until } from '../../helpers/until.ts'
import { createAuthority } from './certificates.ts'
import { rawServer } from './raw-server.ts'
import { ask, get, httpServer, listening, outboundTo, resolver } from './servers.ts'

const allowPrivateNetwork = true
const answer = (body: string, headers = '', version = '1.1') => `HTTP/${version} 200 OK\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`

function to (test: TestContext, port: number, maxConnections = 1): Outbound {
  return outboundTo(test, `http://127.0.0.1:${port}/mcp`, { allowPrivateNetwork, maxConnections })
}

/** A request of this process that waits for its answer. */
async function unanswered (test: TestContext): Promise<Sending> {
  const silent = await rawServer(test, () => {})
  const outbound = to(test, silent.port)
  const { sending } = ask(outbound, outbound.head('GET', []))
  await until('the request', () => silent.peers[0]?.text.includes('\r\n\r\n'))
  return sending
}

describe('an idle connection', () => {
  it('is none the fresher for a request that was taken back before it left', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.write(answer('ok', 'Keep-Alive: timeout=3\r\n')) })
    const outbound = to(test, server.port)
    await get(outbound)
    // Beside it no other one leaves before the turn ends.
    await unanswered(test)
    await until('its second is over', () => {
      ask(outbound, outbound.head('GET', [])).sending.cancel()
      return server.peers[0]?.isClosed === true
    })
    assert.equal(server.peers[0]?.text.match(/GET/g)?.length, 1)
  })
})

describe('requests on the wire', () => {
  it('are written as given, with their length in bytes, in one piece each', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.write(answer('ok')) })
    const outbound = to(test, server.port)
    const head = `host: 127.0.0.1:${server.port}\r\nconnection: keep-alive\r\nx-a: b\r\n`
    const cases = [
      ['POST', '{"a":"x"}', `POST /mcp HTTP/1.1\r\n${head}content-length: 9\r\n\r\n{"a":"x"}`],
      ['POST', '{"a":"é😀"}', `POST /mcp HTTP/1.1\r\n${head}content-length: 14\r\n\r\n{"a":"Ã©ð\x9f\x98\x80"}`],
      ['POST', Buffer.from('{"a":"é"}'), `POST /mcp HTTP/1.1\r\n${head}content-length: 10\r\n\r\n{"a":"Ã©"}`],
      ['POST', undefined, `POST /mcp HTTP/1.1\r\n${head}content-length: 0\r\n\r\n`],
      ['GET', undefined, `GET /mcp HTTP/1.1\r\n${head}\r\n`],
      ['DELETE', undefined, `DELETE /mcp HTTP/1.1\r\n${head}\r\n`]
    ] as const
    let written = ''
    for (const [method, body, expected] of cases) {
      assert.equal(await ask(outbound, outbound.head(method, ['x-a', 'b']), body).text, 'ok')
      written += expected
      const peer = server.peers[0]
      await until('the whole request', () => peer?.text.length === written.length)
      assert.equal(peer?.text, written)
    }
    assert.equal(server.connections(), 1)
  })

  it('leave when the turn of the event loop ends in which they came, in their order, but for one that is alone', async (test) => {
    const arrived: string[] = []
    const server = await rawServer(test, ({ socket, text }) => {
      arrived.push(/.*(GET \/\w+)/s.exec(text)?.[1] ?? '')
      socket.write(answer('ok'))
    })
    const outbound = to(test, server.port, 3)
    // Three connections stand then.
    await Promise.all([1, 2, 3].map(() => get(outbound)))
    arrived.splice(0)
    const asked = ['a', 'b', 'c'].map((name) => ask(outbound, outbound.head('GET', [], `/${name}`)))
    assert.deepEqual(asked.map(({ events }) => events), [['sent'], [], []])
    assert.deepEqual(await Promise.all(asked.map(({ text }) => text)), ['ok', 'ok', 'ok'])
    assert.deepEqual([arrived, server.connections()], [['GET /a', 'GET /b', 'GET /c'], 3])
  })

  it('are never written when they are taken back in that turn, and their connection serves the next', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.write(answer('ok')) })
    const outbound = to(test, server.port)
    assert.equal(await get(outbound), 'ok')
    const before = server.peers[0]?.text ?? ''
    const beside = await unanswered(test)
    const [unwanted, wanted] = ['unwanted', 'wanted'].map((name) => ask(outbound, outbound.head('GET', [], `/${name}`)))
    unwanted?.sending.cancel()
    assert.equal(await wanted?.text, 'ok')
    assert.deepEqual(unwanted?.events, [])
    assert.equal(server.peers[0]?.text.slice(before.length), before.replace('/mcp', '/wanted'))
    assert.equal(server.connections(), 1)
    beside.cancel()
    // Nothing is counted for ever: it is alone, and leaves at once.
    assert.deepEqual(ask(outbound, outbound.head('GET', [])).events, ['sent'])
  })

  it('what no header or path may hold is refused, and so is what is not the caller\'s to say', (test) => {
    const outbound = to(test, 9)
    const base = outbound.head('POST', [])
    const bad = [['x', 'a\r\nb: c'], ['x', 'a\nb'], ['x', 'a\rb'], ['x', 'a\0'], ['x', 'é'], ['x', '\u{10d}'], ['x y', 'a'], ['x:', 'a'], ['', 'a'], ['x\r\ny', 'a'], ['é', 'a'], ['x'],
      ['Host', 'a'], ['Content-Length', '1'], ['transfer-encoding', 'chunked'], ['CONNECTION', 'close']]
    for (const headers of bad) {
      assert.throws(() => outbound.head('POST', headers), TypeError, headers.join())
      assert.throws(() => base.with(headers), TypeError, headers.join())
    }
    for (const path of ['', 'x', '/a b', '/a\r\nb', '/\u{e9}', '*', 'http://x/']) assert.throws(() => outbound.head('GET', [], path), TypeError, path)
    assert.match(base.with(['a', 'b']).with(['c', '']).text, /\r\na: b\r\nc: \r\n$/)
  })
})

describe('an answer is taken for its own request only (T49)', () => {
  it('a second answer in the same piece is nobody\'s', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.write(answer('mine') + answer('forged')) })
    const outbound = to(test, server.port)
    for (const connections of [1, 2, 3]) {
      assert.equal(await get(outbound), 'mine')
      assert.equal(server.connections(), connections)
    }
    await until('they are closed', () => server.peers.every(({ isClosed }) => isClosed))
  })

  it('nor is one that comes while nobody asks, be it a single byte', async (test) => {
    for (const stray of [answer('forged'), '\r\n', 'H']) {
      const server = await rawServer(test, ({ socket }) => { socket.write(answer('mine', 'Keep-Alive: timeout=600\r\n')) })
      const outbound = to(test, server.port)
      assert.equal(await get(outbound), 'mine')
      server.peers[0]?.socket.write(stray)
      await until('it is closed', () => server.peers[0]?.isClosed)
      assert.equal(await get(outbound), 'mine')
      assert.equal(server.connections(), 2)
    }
  })

  it('nor is one that was there before the request left', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.write(answer('mine')) })
    const outbound = to(test, server.port)
    assert.equal(await get(outbound), 'mine')
    await unanswered(test)
    const early = await new Promise<ReturnType<typeof ask>>((resolve) => {
      // After timers everything is read that has come, and then the turn ends.
      setTimeout(() => {
        server.peers[0]?.socket.write(answer('forged'))
        resolve(ask(outbound, outbound.head('GET', [])))
      }, 1)
    })
    await assert.rejects(early.text, { failure: 'lost', message: 'something came before it was asked for' })
    assert.deepEqual(early.events, ['lost'])
    assert.equal(await get(outbound), 'mine')
    assert.equal(server.connections(), 2)
  })

  it('nor what follows an answer without a body that announces one', async (test) => {
    for (const line of ['Content-Length: 70', 'Transfer-Encoding: chunked']) {
      const server = await rawServer(test, ({ socket }) => { socket.write(`HTTP/1.1 204 No Content\r\n${line}\r\n\r\n`) })
      const outbound = to(test, server.port)
      assert.equal(await get(outbound), '')
      assert.equal(await get(outbound), '')
      assert.equal(server.connections(), 2)
    }
  })

  it('a malformed one is an error, and the connection is closed', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n') })
    const asked = ask(to(test, server.port), to(test, server.port).head('GET', []))
    await assert.rejects(asked.text, { failure: 'malformed', message: 'malformed answer: a body without a clear length' })
    assert.deepEqual(asked.events, ['sent', 'lost'])
    await until('it is closed', () => server.peers[0]?.isClosed)
  })

  it('a connection that is lost within an answer is an error, however the length was said', async (test) => {
    for (const text of ['', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n']) {
      const server = await rawServer(test, ({ socket }) => { socket.end(text) })
      await assert.rejects(get(to(test, server.port)), { failure: 'lost' })
    }
  })

  it('two answers at once do not mix, in whatever pieces they come', async (test) => {
    const waiting: Array<(piece: string) => void> = []
    const server = await rawServer(test, ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      waiting.push((piece) => { socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`) })
    })
    const outbound = to(test, server.port, 2)
    const asked = [1, 2].map(() => ask(outbound, outbound.head('GET', [])))
    for (const { head } of asked) await head
    for (let round = 0; round < 50; round++) for (const [index, write] of waiting.entries()) write(String(index).repeat(997 * (round + 1)))
    for (const { socket } of server.peers) socket.end('0\r\n\r\n')
    const texts = await Promise.all(asked.map(({ text }) => text))
    assert.deepEqual(texts.map((text) => [...new Set(text)].length), [1, 1])
    assert.deepEqual(texts.map((text) => text.length), [997 * 1275, 997 * 1275])
  })
})

describe('a connection is used again', () => {
  const cases: ReadonlyArray<readonly [string, string, number]> = [
    ['when nothing is said', answer('x'), 1],
    ['for as long as the server says', answer('x', 'Keep-Alive: timeout=5, max=100\r\n'), 1],
    ['after chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n', 1],
    ['in HTTP/1.0, when it says so', answer('x', 'Connection: keep-alive\r\n', '1.0'), 1],
    ['not in HTTP/1.0 otherwise', answer('x', '', '1.0'), 2],
    ['not when the server closes it', answer('x', 'Connection: close\r\n'), 2],
    ['not when the server may close it any moment', answer('x', 'Keep-Alive: timeout=2\r\n'), 2],
    ['not when the server gives it no time', answer('x', 'Keep-Alive: timeout=0\r\n'), 2]
  ]
  for (const [what, text, connections] of cases) {
    it(what, async (test) => {
      const server = await rawServer(test, ({ socket }) => { socket.write(text) })
      const outbound = to(test, server.port)
      assert.deepEqual([await get(outbound), await get(outbound), server.connections()], ['x', 'x', connections])
    })
  }

  it('not after a body that ends with it', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.end('HTTP/1.1 200 OK\r\n\r\nall of it') })
    const outbound = to(test, server.port)
    assert.deepEqual([await get(outbound), await get(outbound), server.connections()], ['all of it', 'all of it', 2])
  })

  it('not longer than the server keeps it', async (test) => {
    const server = await rawServer(test, ({ socket }) => { socket.write(answer('x', 'Keep-Alive: timeout=3\r\n')) })
    const outbound = to(test, server.port)
    assert.equal(await get(outbound), 'x')
    await until('it is closed by this side', () => server.peers[0]?.isClosed)
    assert.equal(await get(outbound), 'x')
  })

  it('not while the request is still being written', async (test) => {
    const server = await rawServer(test, ({ socket }, before) => {
      if (before > 0) return
      socket.pause()
      socket.write(answer('too large'))
    })
    const outbound = to(test, server.port)
    const large = ask(outbound, outbound.head('POST', []), Buffer.alloc(32 * 2 ** 20, 0x20))
    assert.equal(await large.text, 'too large')
    assert.equal(await get(outbound), 'too large')
    assert.equal(server.connections(), 2)
  })

  it('over TLS, with bodies of many records', async (test) => {
    const authority = createAuthority(test)
    const { cert, key } = authority.issue('name.example', 'DNS:name.example')
    const body = 'é'.repeat(500_000)
    const { port, connections } = await listening(test, createServer({ cert, key }, (request, response) => {
      let length = 0
      request.on('data', (piece: Buffer) => { length += piece.length })
      request.on('end', () => response.end(`${length} ${body}`))
    }), '127.0.0.1')
    const outbound = outboundTo(test, `https://name.example:${port}/`, { allowPrivateNetwork, maxConnections: 1, resolve: resolver(['127.0.0.1']), tls: { ca: authority.ca } })
    for (const sent of ['x', body, Buffer.alloc(300_000)]) {
      const text = Buffer.from(await ask(outbound, outbound.head('POST', []), sent).text, 'latin1').toString()
      assert.ok(text === `${Buffer.byteLength(sent)} ${body}`)
    }
    assert.equal(connections(), 1)
  })
})

describe('what nobody wants any more', () => {
  it('is not sent while it waits, and closes the connection afterwards', async (test) => {
    const server = await rawServer(test, ({ socket }, before) => { if (before > 0 || server.peers.length > 1) socket.write(answer('x')) })
    const outbound = to(test, server.port)
    const first = ask(outbound, outbound.head('GET', []))
    const second = ask(outbound, outbound.head('GET', [], '/never'))
    const third = ask(outbound, outbound.head('GET', []))
    await until('the first', () => server.peers[0]?.text)
    second.sending.cancel()
    first.sending.cancel()
    assert.equal(await third.text, 'x')
    assert.deepEqual([first.events, second.events], [['sent'], []])
    assert.ok(server.peers[0]?.isClosed)
    assert.ok(server.peers.every(({ text }) => !text.includes('/never')))
  })

  it('ends nothing when it has ended itself: the connection is another request\'s by then', async (test) => {
    const server = await rawServer(test, ({ socket }, before) => { if (before === 0) socket.write(answer('x')) })
    const outbound = to(test, server.port)
    const first = ask(outbound, outbound.head('GET', []))
    assert.equal(await first.text, 'x')
    const second = ask(outbound, outbound.head('GET', []))
    first.sending.cancel()
    server.peers[0]?.socket.write(answer('y'))
    assert.equal(await second.text, 'y')
  })

  it('leaves no connection behind that was still being made', async (test) => {
    const never = Promise.withResolvers<never>()
    const outbound = outboundTo(test, 'http://name.example/', { allowPrivateNetwork, resolve: async () => await never.promise, maxConnections: 1 })
    const asked = ask(outbound, outbound.head('GET', []))
    outbound.destroy()
    await assert.rejects(asked.text, { failure: 'destroyed' })
    assert.deepEqual(asked.events, ['lost'])
    never.reject(new Error('late'))
  })

  it('a listener that throws loses its own request and no other', async (test) => {
    const server = await httpServer(test, (_request, response) => response.end('x'))
    const outbound = to(test, server.port, 2)
    const lost = Promise.withResolvers<Error>()
    outbound.send(outbound.head('GET', []), undefined, { onSent () {}, onHead () { throw new Error('ours') }, onData () {}, onEnd () {}, onLost: lost.resolve })
    assert.equal(await get(outbound), 'x')
    assert.equal(((await lost.promise).cause as Error).message, 'ours')
  })
})

describe('where no connection can be had', () => {
  it('each failed attempt fails one request, the others have their own', async (test) => {
    let attempts = 0
    const server = await rawServer(test, ({ socket }) => { socket.write(answer('x')) })
    const resolve = async () => {
      if (attempts++ === 0) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const outbound = outboundTo(test, `http://name.example:${server.port}/`, { allowPrivateNetwork, resolve, maxConnections: 1 })
    const results = await Promise.allSettled([1, 2, 3].map(async () => await get(outbound)))
    assert.deepEqual(results.map(({ status }) => status), ['rejected', 'fulfilled', 'fulfilled'])
  })
})
