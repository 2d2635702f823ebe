import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ERRORS } from '../../../../src/shared/errors.ts'
import { until } from '../../../helpers/until.ts'
import { testCall } from '../upstream-parts.ts'
import { ask, initializeResult, json, legacyServer, modernServer, open, quiet, refuse, replied, result, serve, stream, type Opened, type Received, type TestServer } from './http-parts.ts'

const MIB = 2 ** 20
const protocol = ERRORS.GW_UPSTREAM_PROTOCOL.rpcCode

async function opened (t: TestContext, era: 'legacy' | 'modern', handle: (received: Received) => void, own: Parameters<typeof open>[2] = {}): Promise<Opened & { server: TestServer }> {
  const server = era === 'legacy' ? await legacyServer(t, handle) : await modernServer(t, handle)
  return { server, ...await open(t, server.url, own, { era }) }
}

/** Writes as fast as the other side takes it, until it goes; resolves with how many bytes it took. */
async function pour ({ response }: Received, piece: Buffer | string, mostBytes: number): Promise<number> {
  let sent = 0
  response.setMaxListeners(0)
  while (sent < mostBytes && !response.destroyed) {
    sent += Buffer.byteLength(piece)
    if (!response.write(piece)) {
      await new Promise<void>((resolve) => {
        response.once('drain', resolve)
        response.once('close', resolve)
      })
    }
  }
  return sent
}

/** The call fails as the server's fault, the connection under it is cut, and others go on. */
async function isCut (t: TestContext, era: 'legacy' | 'modern', handle: (received: Received) => void): Promise<void> {
  const { connection, server, faults } = await opened(t, era, (received) => {
    if (received.method === 'tools/list') result(received, { tools: [] })
    else handle(received)
  })
  const { rss } = process.memoryUsage()
  assert.equal((await ask(connection)).error?.code, protocol)
  assert.ok(faults.includes('malformed_message'))
  const [call] = server.of('tools/call')
  await until('the connection is cut', () => call?.response.closed)
  assert.ok(process.memoryUsage().rss - rss < 100 * MIB)
  assert.deepEqual(await ask(connection, { method: 'tools/list' }), { result: { tools: [] } })
}

for (const era of ['legacy', 'modern'] as const) {
  describe(`a hostile ${era} server (T48)`, () => {
    it('sends packed answers, which nobody asked for', async (t) => {
      const body = (received: Received): Buffer => gzipSync(Buffer.alloc(10 * MIB, JSON.stringify({ jsonrpc: '2.0', id: received.id, result: {} })))
      for (const encoding of ['gzip', 'br', 'gzip, gzip', Array.from({ length: 500 }, () => 'gzip').join(', '), 'GZIP', 'x']) {
        for (const type of ['application/json', 'text/event-stream']) {
          await isCut(t, era, (received) => received.response.writeHead(200, { 'content-type': type, 'content-encoding': encoding }).end(body(received)))
        }
      }
    })

    it('sends one line without end', async (t) => {
      let sent: Promise<number> | undefined
      await isCut(t, era, (received) => {
        stream(received).raw('data: ')
        sent = pour(received, Buffer.alloc(MIB, 'x'), 1024 * MIB)
      })
      assert.ok(await sent as number < 64 * MIB)
    })

    it('sends one event of many lines without end', async (t) => {
      await isCut(t, era, (received) => {
        stream(received)
        pour(received, Buffer.alloc(MIB, 'data: xxxxxxxxxxx\n'), 1024 * MIB).catch(() => {})
      })
    })

    it('sends comments without end, quickly', async (t) => {
      await isCut(t, era, (received) => {
        stream(received)
        pour(received, Buffer.alloc(MIB, ': x\n\n'), 1024 * MIB).catch(() => {})
      })
    })

    it('sends a JSON body that is too large, with and without saying so', async (t) => {
      for (const headers of [{}, { 'content-length': String(1024 * MIB) }]) {
        await isCut(t, era, (received) => {
          received.response.writeHead(200, { 'content-type': 'application/json', ...headers })
          pour(received, Buffer.alloc(MIB, ' '), 1024 * MIB).catch(() => {})
        })
      }
    })

    it('may send what is large and yet within the bounds', async (t) => {
      const { connection } = await opened(t, era, (received) => {
        if (received.method === 'tools/list') return result(received, { text: 'x'.repeat(15 * MIB) })
        const out = stream(received)
        out.send({ id: received.id, result: { text: 'ü'.repeat(1.9 * MIB) } })
        out.end()
      })
      const listed = await ask(connection, { method: 'tools/list' })
      assert.equal((listed.result as { text: string }).text.length, 15 * MIB)
      const called = await ask(connection)
      assert.equal((called.result as { text: string }).text, 'ü'.repeat(1.9 * MIB))
    })

    it('sends something else than messages', async (t) => {
      for (const [type, body] of [['application/json', '{"jsonrpc":'], ['application/json', '[1]'], ['application/json', '"x"'], ['application/json', ''], ['text/html', '<p>'], ['application/jsonx', '{}'], ['text/event-stream', 'data: {"x\n\n'], ['text/event-stream', 'data: 1\n\n']] as const) {
        await isCut(t, era, ({ response }) => response.writeHead(200, { 'content-type': type }).end(body))
      }
      await isCut(t, era, (received) => refuse(received, 202))
    })

    it('drips: a call ends with its deadline whatever arrives, and with the most it may last whatever progress comes (FR16)', async (t) => {
      const drip = (received: Received, piece: () => string): void => {
        const out = stream(received)
        const timer = setInterval(() => out.raw(piece()), 20)
        received.response.on('close', () => clearInterval(timer))
      }
      const pieces: Array<(received: Received) => string> = [
        () => ': \n',
        () => 'x',
        () => 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n'
      ]
      for (const piece of pieces) {
        const { connection, server } = await opened(t, era, (received) => { if (received.method === 'tools/call') drip(received, () => piece(received)) })
        const startMs = performance.now()
        assert.equal((await ask(connection, { timeoutMs: 300, maxTimeoutMs: 5000 })).error?.code, ERRORS.GW_UPSTREAM_DEADLINE.rpcCode)
        assert.ok(performance.now() - startMs < 3000)
        const [call] = server.of('tools/call')
        await until('the connection is cut', () => call?.response.closed)
      }
      const { connection } = await opened(t, era, (received) => {
        if (received.method === 'tools/call') drip(received, () => `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: received.id, progress: 1 } })}\n\n`)
      })
      // Thirty pieces come within the first: the machine may be busy.
      const call = testCall({ timeoutMs: 600, maxTimeoutMs: 1500 })
      const startMs = performance.now()
      connection.call(call)
      assert.equal((await replied(call)).error?.code, ERRORS.GW_UPSTREAM_DEADLINE.rpcCode)
      const tookMs = performance.now() - startMs
      assert.ok(tookMs >= 1495 && tookMs < 5000, `${tookMs} ms`)
      assert.ok(call.progress.length > 5)
    })

    it('drips headers, or none: the call ends with its deadline', async (t) => {
      const { connection, server } = await opened(t, era, (received) => {
        if (received.method !== 'tools/call') return
        received.response.socket?.write('HTTP/1.1 200 OK\r\n')
        const timer = setInterval(() => received.response.socket?.write('x: y\r\n'), 20)
        received.response.on('close', () => clearInterval(timer))
      })
      assert.equal((await ask(connection, { timeoutMs: 300 })).error?.code, ERRORS.GW_UPSTREAM_DEADLINE.rpcCode)
      const [call] = server.of('tools/call')
      await until('the connection is cut', () => call?.response.closed)
    })

    it('refuses with a page without end', async (t) => {
      const { connection, server } = await opened(t, era, (received) => {
        if (received.method !== 'tools/call') return result(received, {})
        received.response.writeHead(500, { 'content-type': 'application/json' })
        pour(received, Buffer.alloc(MIB, ' '), 1024 * MIB).catch(() => {})
      })
      assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_LOST.rpcCode)
      const [call] = server.of('tools/call')
      await until('the connection is cut', () => call?.response.closed)
    })

    it('sends hints before the answer, and headers that are none of its callers\' business (T49)', async (t) => {
      const { connection, server } = await opened(t, era, (received) => {
        if (received.method === 'tools/list') return result(received, {})
        received.response.writeEarlyHints({ link: '</x>; rel=preload' })
        json(received.response, { jsonrpc: '2.0', id: received.id, result: { ok: true } }, 200, {
          'set-cookie': 'a=b',
          'www-authenticate': 'Bearer resource_metadata="https://evil.example"',
          location: 'https://evil.example',
          'access-control-allow-origin': '*',
          'mcp-session-id': 'taken-over',
          'mcp-protocol-version': '1'
        })
      })
      assert.deepEqual(await ask(connection), { result: { ok: true } })
      await ask(connection, { method: 'tools/list' })
      const [next] = server.of('tools/list')
      assert.equal(next?.headers.cookie, undefined)
      assert.notEqual(next?.headers['mcp-session-id'], 'taken-over')
    })

    it('writes a second answer behind the first: it is taken for no other call\'s, not even under its id (T49)', async (t) => {
      const { connection, server, faults } = await opened(t, era, ({ id, response }) => {
        const answer = (of: unknown, text: string) => {
          const body = JSON.stringify({ jsonrpc: '2.0', id: of, result: { text } })
          return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
        }
        // Ids are taken up again in their place with the next turn: what a server would have to guess, it is given here.
        response.socket?.write(answer(id, 'own') + answer(Number(id) + 2 ** 16, 'forged'))
      })
      for (let calls = 0; calls < 3; calls++) assert.deepEqual(await ask(connection), { result: { text: 'own' } })
      assert.deepEqual([server.of('tools/call').length, faults], [3, []])
    })

    it('writes answers that could be read in two ways: the call is lost and not sent again, one that reads is, once (T49)', async (t) => {
      for (const head of ['Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', 'Content-Length: 2\r\nContent-Length: 7\r\n', 'Content-Length: 2\nX: y\r\n', 'X: y\r\n folded\r\n']) {
        const { connection, server } = await opened(t, era, ({ response }) => { response.socket?.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${head}\r\n{}`) }, { retries: { attempts: 1, budgetPercent: 10 } })
        assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_LOST.rpcCode, head)
        assert.equal((await ask(connection, { method: 'tools/list' })).error?.code, ERRORS.GW_UPSTREAM_LOST.rpcCode, head)
        assert.deepEqual([server.of('tools/call').length, server.of('tools/list').length], [1, 2])
        await until('the connections are cut', () => [...server.of('tools/call'), ...server.of('tools/list')].every(({ response }) => response.closed))
      }
    })

    it('refuses with a challenge, which stays here (T49)', async (t) => {
      const { connection } = await opened(t, era, ({ response }) => response.writeHead(401, { 'www-authenticate': 'Bearer realm="evil"', 'content-type': 'application/json' }).end('{"error":{"code":-32000,"message":"go to https://evil.example"}}'))
      const { code: _code, ...row } = { code: 0, ...ERRORS.GW_UPSTREAM_AUTH }
      assert.deepEqual(await ask(connection), { error: { code: row.rpcCode, message: row.message } })
    })

    it('nests its result deeper than anybody can write it: the reply comes, and nothing breaks', async (t) => {
      const { connection, thrown } = await opened(t, era, (received) => {
        if (received.method === 'tools/list') return result(received, { tools: [] })
        received.response.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${String(received.id)},"result":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
      })
      assert.ok((await ask(connection)).result)
      assert.deepEqual(await ask(connection, { method: 'tools/list' }), { result: { tools: [] } })
      assert.deepEqual(thrown, [])
    })

    it('gets the entry\'s headers, the protocol\'s own and nothing else (T14)', async (t) => {
      const { connection, server } = await opened(t, era, (received) => result(received, {}), {
        headers: { Authorization: 'Bearer of-the-entry', 'X-Own': '1', Accept: 'text/html', 'Accept-Encoding': 'gzip', 'Mcp-Session-Id': 'mine', 'Mcp-Param-X': 'y', 'Content-Length': '3', 'Transfer-Encoding': 'chunked' }
      })
      await ask(connection)
      const [call] = server.of('tools/call')
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = call?.headers ?? {}
      const own = era === 'legacy'
        ? { 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': headers['mcp-session-id'] }
        : { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'x' }
      assert.deepEqual(headers, {
        authorization: 'Bearer of-the-entry',
        'x-own': '1',
        'user-agent': 'drawbridge/9.9.9',
        accept: 'application/json, text/event-stream',
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        ...own
      })
      assert.notEqual(headers['mcp-session-id'], 'mine')
    })
  })
}

describe('a hostile legacy server', () => {
  it('answers notifications and the end of the session with streams and pages without end: they are cut', async (t) => {
    const server = await serve(t, (received) => {
      if (received.method === 'initialize') return result(received, initializeResult, { 'mcp-session-id': 'abc' })
      if (received.verb === 'GET') return refuse(received, 405)
      const type = received.method === 'notifications/initialized' ? 'text/event-stream' : 'application/json'
      received.response.writeHead(200, { 'content-type': type })
      pour(received, Buffer.alloc(MIB, ' '), 1024 * MIB).catch(() => {})
    })
    const { connection } = await open(t, server.url)
    connection.notify('notifications/x')
    const told = await server.got('the notification', (one) => one.method === 'notifications/x')
    for (const one of [server.of('notifications/initialized')[0], told]) await until('it is cut', () => one?.response.closed, 5000)
    await connection.close()
    await quiet(server)
  })

  it('sends pings without end on the stream of a call: no more go out than a bound, and calls go on', async (t) => {
    let mostOpen = 0
    let openAnswers = 0
    const server = await legacyServer(t, (received) => {
      if (received.method === undefined) {
        // Never answered.
        mostOpen = Math.max(mostOpen, ++openAnswers)
        received.response.on('close', () => { openAnswers-- })
      } else if (received.method === 'tools/list') result(received, { tools: [] })
      else {
        stream(received)
        for (let at = 0; at < 2000; at++) received.response.write(`data: {"jsonrpc":"2.0","id":${at},"method":"ping"}\n\n`)
      }
    })
    const { connection } = await open(t, server.url)
    connection.call(testCall())
    await until('answers have come', () => mostOpen >= 150)
    assert.deepEqual(await ask(connection, { method: 'tools/list' }), { result: { tools: [] } })
    assert.ok(mostOpen <= 192, String(mostOpen))
  })

  it('sends an event without end on the stream of the session: it is cut, and the session goes on', async (t) => {
    const server = await legacyServer(t, (received) => result(received, {}), { withStream: true })
    const { connection, faults } = await open(t, server.url)
    const out = await until('the stream stands', () => server.streams[0])
    out.raw('data: ')
    const [get] = server.verb('GET')
    assert.ok(get)
    await pour(get, Buffer.alloc(MIB, 'x'), 1024 * MIB)
    assert.deepEqual(faults, ['malformed_message'])
    assert.deepEqual(await ask(connection), { result: {} })
    await until('the stream is taken up again', () => server.streams.length === 2)
  })
})
