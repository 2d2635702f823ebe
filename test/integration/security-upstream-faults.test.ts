/** Servers over HTTP that are down, break off, hang, forget or never end: an error under the caller's id, and nobody else notices (FR11, FR12, FR16). */
import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { freePort } from '../helpers/free-port.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { JsonRpc } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { legacyServer } from '../unit/upstream/http/http-parts.ts'
import { argsOf, entryOf, faultsOf, fullLegacyServer, fullModernServer, refuse, result, stream, textResult, type Received } from './upstream-parts.ts'

/** A gateway with these servers and a good one, which is used all the while. */
async function started (t: TestContext, mcpServers: Record<string, Record<string, unknown>>): Promise<{ gateway: TestGateway, legacy (server: string): Promise<LegacyWire>, modern (server: string): ModernWire }> {
  const gateway = await startGateway({ config: { mcpServers: { ...mcpServers, good: probe() }, limits: roomyLimits } })
  t.after(() => gateway.stop())
  return {
    gateway,
    legacy: async (server) => {
      const wire = gateway.wire('alice', server)
      await wire.open()
      return wire
    },
    modern: (server) => {
      const wire = createModernWire(`${gateway.url}/servers/${server}/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      return wire
    }
  }
}

/** Does as it is told with every connection, before any HTTP. */
async function rawServer (t: TestContext, onSocket: (socket: Socket) => void): Promise<{ url: string }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` }
}

async function closedPort (): Promise<{ url: string }> {
  return { url: `http://127.0.0.1:${await freePort()}/mcp` }
}

const codeOf = ({ id, error }: JsonRpc): unknown => [id, error?.code]

describe('servers that cannot be reached', () => {
  it('refused, cut before and after bytes, silent, always 503, not MCP: 50201, 50301 under the caller\'s id, in both eras and over HTTP+SSE', async (t) => {
    const broken: Readonly<Record<string, { url: string }>> = {
      refused: await closedPort(),
      reset: await rawServer(t, (socket) => { socket.resetAndDestroy() }),
      resetAfterRequest: await rawServer(t, (socket) => { socket.once('data', () => { socket.resetAndDestroy() }) }),
      resetAfterHead: await rawServer(t, (socket) => { socket.once('data', () => { socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"js') }) }),
      blackHole: await rawServer(t, () => {}),
      busy: await rawServer(t, (socket) => { socket.on('data', () => { socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n') }) }),
      page: await rawServer(t, (socket) => { socket.on('data', () => { socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>') }) })
    }
    const kinds = Object.entries(broken).flatMap(([name, server]) => [[`${name}-http`, entryOf(server, { startTimeoutMs: 1000 })], [`${name}-sse`, entryOf(server, { type: 'sse', startTimeoutMs: 1000 })]] as const)
    const { gateway, legacy, modern } = await started(t, Object.fromEntries(kinds))
    const good = await legacy('good')
    let slowestMs = 0
    const over = new AbortController()
    const beside = (async () => {
      while (!over.signal.aborted) {
        const startMs = performance.now()
        assert.equal(textOf(await good.call('echo', { text: 'beside' })), 'beside')
        slowestMs = Math.max(slowestMs, performance.now() - startMs)
      }
    })()
    const codes = await Promise.all(kinds.map(async ([name]) => {
      const [called, listed, plain] = await Promise.all([
        modern(name).call('x', {}, { id: 'of-the-caller' }),
        modern(name).request('tools/list', {}, { id: 7 }),
        // A session may begin without its server; its calls say what is wrong.
        legacy(name).then((wire) => wire.call('x', {}, 'of-the-session'), (error: unknown) => ({ id: 'of-the-session', error: { code: Number(/-?\d{5}/.exec(String(error))?.[0]), message: String(error) } }))
      ])
      return [name, [codeOf(called), codeOf(listed), codeOf(plain)]] as const
    }))
    over.abort()
    await beside
    for (const [name, answers] of codes) {
      // What answers, but not as a stream, or as no server of MCP, has broken the protocol.
      const expected = name.startsWith('page') || name === 'resetAfterHead-sse' ? [50201, 50301] : [50301]
      for (const [answer, id] of [[answers[0], 'of-the-caller'], [answers[1], 7], [answers[2], 'of-the-session']] as const) {
        const [gotId, code] = answer as [unknown, number]
        assert.equal(gotId, id, name)
        assert.ok(expected.includes(code), `${name}: ${String(id)} got ${code}`)
      }
    }
    t.diagnostic(`the slowest call beside took ${Math.round(slowestMs)} ms`)
    assert.ok(slowestMs < 5000)
    assert.deepEqual(faultsOf(gateway), [])
  })
})

/** Fails one call in the way that its tool's name says. */
function fail (received: Received, how: string): void {
  const { response } = received
  switch (how) {
    case 'before':
      response.destroy()
      break
    case 'after':
      stream(received).send({ method: 'notifications/message', params: { level: 'info', data: 'x' } })
      setImmediate(() => response.destroy())
      break
    case 'half':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"jsonrpc"')
      setImmediate(() => response.destroy())
      break
    case 'hole': break
    case 'busy': return refuse(received, 503)
    case 'oops': return refuse(received, 500)
    case 'endless': return progressForEver(received)
    default: result(received, textResult('fine'))
  }
}

function progressForEver (received: Received): void {
  const out = stream(received)
  const token = (received.message['params'] as { _meta?: { progressToken?: unknown } })._meta?.progressToken
  let progress = 0
  const timer = setInterval(() => { out.send({ method: 'notifications/progress', params: { progressToken: token, progress: ++progress } }) }, 50)
  received.response.on('close', () => { clearInterval(timer) })
}

describe('servers that fail in the middle', () => {
  for (const era of ['modern', 'legacy'] as const) {
    it(`${era}: reset before and after bytes 50201 and never sent twice, a black hole 50401, an endless stream cut at its end, a refusal 50301`, async (t) => {
      const handle = (received: Received): void => {
        if (received.method === 'tools/list') return result(received, { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' })
        fail(received, (received.message['params'] as { name: string }).name)
      }
      const server = await (era === 'modern' ? fullModernServer : fullLegacyServer)(t, handle)
      const { gateway, legacy, modern } = await started(t, { broken: entryOf(server, { timeoutMs: 1500, maxTimeoutMs: 3500, breaker: { enabled: false } }) })
      const wire = modern('broken')
      const session = await legacy('broken')
      const expected = { before: 50201, after: 50201, half: 50201, hole: 50401, busy: 50301, oops: 50201, endless: 50401 }
      await Promise.all(Object.entries(expected).map(async ([name, code]) => {
        const startMs = performance.now()
        const [one, two] = await Promise.all([wire.call(name, {}, { id: `m-${name}`, meta: { progressToken: name } }), session.request('tools/call', { name, arguments: {}, _meta: { progressToken: name } }, `l-${name}`)])
        assert.deepEqual([codeOf(one), codeOf(two)], [[`m-${name}`, code], [`l-${name}`, code]])
        const tookMs = performance.now() - startMs
        if (name === 'endless') assert.ok(tookMs >= 3490 && tookMs < 8000, `cut after ${Math.round(tookMs)} ms`)
      }))
      for (const name of Object.keys(expected)) assert.equal(server.of('tools/call').filter(({ message }) => (message['params'] as { name: string }).name === name).length, 2, `${name} was sent once for each caller`)
      assert.equal(textOf(await wire.call('fine')), 'fine')
      assert.equal(textOf(await session.call('fine')), 'fine')
      await until('every exchange is closed', () => server.of('tools/call').every(({ response }) => response.closed || response.writableEnded))
      assert.deepEqual(faultsOf(gateway), [])
    })
  }
})

describe('a server that knows no session for calls, whatever it said before', () => {
  it('each call is tried twice and no more, and fails under its id', async (t) => {
    let knows = true
    const server = await fullLegacyServer(t, (received) => {
      if (received.method === 'tools/list') result(received, { tools: [] })
      else if (knows) result(received, textResult('fine'))
      else refuse(received, 404, -32001)
    }, () => ({ 'mcp-session-id': `session-${Math.random()}` }))
    const { gateway, legacy } = await started(t, { amnesic: entryOf(server, { era: 'legacy' }) })
    const session = await legacy('amnesic')
    assert.equal(textOf(await session.call('x')), 'fine')
    knows = false
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => session.call('x', { nonce: at }, `call-${at}`)))
    assert.deepEqual(answers.map(codeOf), Array.from({ length: 20 }, (_, at) => [`call-${at}`, 50301]))
    const tries = Array.from({ length: 20 }, (_, nonce) => server.of('tools/call').filter((received) => argsOf(received)['nonce'] === nonce).length)
    assert.deepEqual(tries, tries.map(() => 2))
    // Those that came after a new handshake may ask for another; nobody asks alone.
    assert.ok(server.of('initialize').length <= 11, `${server.of('initialize').length} handshakes`)
    knows = true
    assert.equal(textOf(await session.call('x')), 'fine')
    assert.deepEqual(faultsOf(gateway), [])
  })
})

describe('a server that keeps something for its session', () => {
  it('a client\'s first call and those after it are in one, although the first has to find out what the server speaks', async (t) => {
    const server = await legacyServer(t, (received) => {
      if (received.method === 'tools/list') result(received, { tools: [] })
      else result(received, textResult(String(received.headers['mcp-session-id'])))
    })
    const { legacy, modern } = await started(t, { stateful: entryOf(server) })
    for (const client of [modern('stateful'), await legacy('stateful')]) {
      const sessions = [textOf(await client.call('x')), textOf(await client.call('x')), textOf(await client.call('x'))]
      assert.equal(new Set(sessions).size, 1, sessions.join(' '))
    }
  })
})

describe('a server that forgets its session', () => {
  it('50 callers of both eras in the middle of it: one new handshake, none lost, none run twice (FR12)', async (t) => {
    const ran: unknown[] = []
    const server = await legacyServer(t, (received) => {
      if (received.method === 'tools/list') return result(received, { tools: [] })
      const { nonce, delayMs } = argsOf(received)
      ran.push(nonce)
      setTimeout(() => result(received, textResult(String(nonce))), Number(delayMs ?? 0))
    }, { withStream: true })
    const { gateway, legacy, modern } = await started(t, { forgets: entryOf(server, { era: 'legacy' }) })
    const sessions = await Promise.all(Array.from({ length: 25 }, () => legacy('forgets')))
    const wire = modern('forgets')
    assert.equal(textOf(await wire.call('x', { nonce: 'warm' })), 'warm')
    const handshakes = server.of('initialize').length
    for (let round = 0; round < 4; round++) {
      // Some are under way when it happens, and end as they would have.
      const before = Array.from({ length: 10 }, (_, at) => wire.call('x', { nonce: `${round} under way ${at}`, delayMs: 50 }))
      await until('they run', () => ran.filter((nonce) => String(nonce).startsWith(`${round} under way`)).length === 10)
      server.sessions.clear()
      const answers = await Promise.all([
        ...sessions.map((session, at) => session.call('x', { nonce: `${round} session ${at}` }, 1)),
        ...Array.from({ length: 25 }, (_, at) => wire.call('x', { nonce: `${round} modern ${at}` }, { id: 1 })),
        ...before
      ])
      assert.deepEqual(answers.map(textOf), [
        ...Array.from({ length: 25 }, (_, at) => `${round} session ${at}`), ...Array.from({ length: 25 }, (_, at) => `${round} modern ${at}`), ...Array.from({ length: 10 }, (_, at) => `${round} under way ${at}`)
      ])
      assert.equal(server.of('initialize').length, handshakes + round + 1)
    }
    assert.equal(new Set(ran).size, ran.length, 'nothing ran twice')
    assert.equal(ran.length, 1 + 4 * 60)
    assert.deepEqual(faultsOf(gateway), [])
  })

  it('and forgets the new one too: an error, at most two tries, and no storm of handshakes', async (t) => {
    let remembers = true
    const server = await legacyServer(t, (received) => result(received, textResult('fine')))
    const { gateway, legacy, modern } = await started(t, { forgets: entryOf(server) })
    const session = await legacy('forgets')
    assert.equal(textOf(await session.call('x')), 'fine')
    const add = server.sessions.add.bind(server.sessions)
    server.sessions.add = (id) => remembers ? add(id) : server.sessions
    remembers = false
    server.sessions.clear()
    const before = { calls: server.of('tools/call').length, handshakes: server.of('initialize').length }
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => session.call('x', {}, `call-${at}`)))
    for (const [at, { id, error }] of answers.entries()) {
      assert.equal(id, `call-${at}`)
      assert.ok(error?.code === 50301 || error?.code === 50201, JSON.stringify(error))
    }
    assert.ok(server.of('tools/call').length - before.calls <= 40, 'each at most twice')
    assert.ok(server.of('initialize').length - before.handshakes <= 5, `${server.of('initialize').length - before.handshakes} handshakes`)
    remembers = true
    await until('it is served again', async () => (await modern('forgets').call('x')).error === undefined)
    assert.deepEqual(faultsOf(gateway), [])
  })
})
