import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { createDial } from '../../../src/net/dial.ts'
import { systemResolve } from '../../../src/net/guarded-lookup.ts'
import type { OutboundError, Resolve } from '../../../src/net/index.ts'
import { freePort } from '../../helpers/free-port.ts'
import { until } from '../../helpers/until.ts'
import { ask, canary, get, httpServer, outboundTo, refusalOf, resolver } from './servers.ts'

const allowPrivateNetwork = true

describe('connections', () => {
  it('are kept and used again, one request at a time each, and never more than asked for', async (test) => {
    const waiting: ServerResponse[] = []
    const server = await httpServer(test, (_request, response) => { waiting.push(response) })
    const outbound = outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork, maxConnections: 2 })
    const answers = [1, 2, 3, 4, 5].map(async () => await get(outbound))
    for (let answered = 0; answered < 5; answered++) {
      const response = await until('a request', () => waiting.shift())
      assert.ok(waiting.length <= 1)
      response.end('x')
    }
    assert.deepEqual(await Promise.all(answers), ['x', 'x', 'x', 'x', 'x'])
    assert.equal(server.connections(), 2)
  })

  it('nothing is decompressed, and nothing about accepting it is said', async (test) => {
    const server = await httpServer(test, (request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(JSON.stringify(request.headers)))
    const outbound = outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork })
    assert.deepEqual(JSON.parse(await get(outbound)), { host: `127.0.0.1:${server.port}`, connection: 'keep-alive' })
  })

  it('headers of an answer are bounded', async (test) => {
    const server = await httpServer(test, (_request, response) => response.writeHead(200, { 'x-large': 'x'.repeat(20_000) }).end())
    await assert.rejects(get(outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork })), { code: 'OUTBOUND_LOST', failure: 'malformed' })
  })

  it('a refused connection, a lost name and a resolver that is silent all say the same', async (test) => {
    const { port } = await canary(test)
    const closed = await httpServer(test, () => {})
    closed.server.close()
    await once(closed.server, 'close')
    const silent: Resolve = async () => await new Promise(() => {})
    const errors = [
      await refusalOf(() => outboundTo(test, `http://127.0.0.1:${closed.port}/`, { allowPrivateNetwork })),
      await refusalOf(() => outboundTo(test, `https://gone.example:${port}/`, { resolve: resolver({ code: 'ENOTFOUND' }) })),
      await refusalOf(() => outboundTo(test, `https://empty.example:${port}/`, { resolve: resolver([]) })),
      await refusalOf(() => outboundTo(test, `https://flood.example:${port}/`, { resolve: resolver(Array.from({ length: 65 }, () => '1.1.1.1')) })),
      await refusalOf(() => outboundTo(test, `https://silent.example:${port}/`, { resolve: silent }))
    ]
    assert.deepEqual(errors.map(({ failure }) => failure), ['connect', 'resolve', 'resolve', 'resolve', 'resolve'])
    assert.equal(new Set(errors.map(({ message }) => message)).size, 1)
    assert.match(errors[0]?.reason ?? '', /ECONNREFUSED/)
  })

  it('every request that waits for the connection is told', async (test) => {
    const outbound = outboundTo(test, 'https://inside.example/', { resolve: resolver(['10.0.0.1']), maxConnections: 1 })
    const results = await Promise.allSettled([1, 2, 3].map(async () => await get(outbound)))
    assert.deepEqual(results.map((result) => result.status === 'rejected' && (result.reason as { failure?: string }).failure), ['address', 'address', 'address'])
  })

  it('a lost connection is not called unreachable: the request may have been seen', async (test) => {
    const { port } = await canary(test)
    await assert.rejects(get(outboundTo(test, `http://127.0.0.1:${port}/`, { allowPrivateNetwork })), { code: 'OUTBOUND_LOST', failure: 'lost' })
  })

  it('a connection holds an address to the rules itself', async (test) => {
    const bird = await canary(test)
    const dial = createDial({ url: new URL(`https://127.0.0.1:${bird.port}/`), rules: { protocol: 'https:', allowPrivateNetwork: false }, tls: undefined, resolve: systemResolve, connectMs: 1000 })
    const error = await new Promise<OutboundError>((resolve) => {
      assert.equal(dial({ buffer: Buffer.alloc(1), callback: () => true }, { onStanding: () => assert.fail(), onFailed: resolve }), undefined)
    })
    assert.deepEqual([error.failure, bird.connections()], ['address', 0])
  })

  it('destroy ends what is in flight and what waits, and refuses what comes later', async (test) => {
    const waiting: ServerResponse[] = []
    const server = await httpServer(test, (_request, response) => { waiting.push(response) })
    const dying = outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork, maxConnections: 1 })
    const asked = [1, 2].map(() => ask(dying, dying.head('GET', [])))
    await until('the request', () => waiting.shift())
    dying.destroy()
    const late = ask(dying, dying.head('GET', []))
    for (const { text } of [...asked, late]) await assert.rejects(text, { code: 'OUTBOUND_LOST', failure: 'destroyed' })
    assert.deepEqual([...asked, late].map(({ events }) => events), [['sent', 'lost'], ['lost'], ['lost']])
  })
})

describe('names that change (FR45)', () => {
  it('an old connection is closed once idle, and the next request goes where the name leads now', async (test) => {
    const first = await httpServer(test, (_request, response) => response.end('first'), { host: '127.0.0.2', port: await freePort() })
    const second = await httpServer(test, (_request, response) => response.end('second'), { host: '127.0.0.3', port: first.port })
    const resolve = resolver(['127.0.0.2'], ['127.0.0.3'])
    const outbound = outboundTo(test, `http://name.example:${first.port}/`, { allowPrivateNetwork, resolve, maxConnections: 1, times: { maxConnectionAgeMs: 200 } })
    assert.equal(await get(outbound), 'first')
    await until('the switch', async () => await get(outbound) === 'second')
    assert.deepEqual([first.connections(), second.connections() >= 1], [1, true])
  })

  it('under unbroken load as well', async (test) => {
    const server = await httpServer(test, (_request, response) => response.end('x'))
    const outbound = outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork, maxConnections: 1, times: { maxConnectionAgeMs: 50 } })
    const worker = async () => { while (server.connections() < 4) assert.equal(await get(outbound), 'x') }
    await Promise.all([worker(), worker(), worker()])
  })

  it('a name that turns private is refused from the next connection on', async (test) => {
    const server = await httpServer(test, (_request, response) => response.end('x'), { port: await freePort() })
    const bird = await canary(test, { host: '127.0.0.2', port: server.port })
    const resolve = resolver(['127.0.0.1'], ['127.0.0.2', '169.254.169.254'])
    const outbound = outboundTo(test, `http://name.example:${server.port}/`, { allowPrivateNetwork, resolve, maxConnections: 1, times: { maxConnectionAgeMs: 50 } })
    assert.equal(await get(outbound), 'x')
    const error = await until('the refusal', async () => await refusalOf(() => get(outbound)))
    assert.equal(error.failure, 'address')
    assert.equal(bird.connections(), 0)
  })

  it('a stream outlives the age, and still counts as a connection', async (test) => {
    const waiting: ServerResponse[] = []
    const server = await httpServer(test, (request, response) => {
      if (request.url === '/stream') response.write('begin ')
      else waiting.push(response)
    })
    const outbound = outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork, maxConnections: 2, times: { maxConnectionAgeMs: 1 } })
    const streams = [1, 2].map(() => ask(outbound, outbound.head('GET', [], '/stream')))
    for (const { head } of streams) await head
    const bornMs = performance.now()
    await until('the age', () => performance.now() - bornMs > 1)
    const third = ask(outbound, outbound.head('GET', []))
    assert.deepEqual([third.events, server.connections()], [[], 2])
    streams[0]?.sending.cancel()
    ;(await until('the third request', () => waiting.shift())).end('third')
    assert.equal(await third.text, 'third')
    assert.deepEqual([streams.map(({ events }) => events), server.connections()], [[['sent', 'head'], ['sent', 'head']], 3])
  })

  it('while the resolver is in trouble the last good address serves; a name that is gone is forgotten', async (test) => {
    const server = await httpServer(test, (_request, response) => response.writeHead(200, { connection: 'close' }).end('x'))
    const resolve = resolver(['127.0.0.1'], { code: 'EAI_AGAIN' }, { code: 'EAI_AGAIN' }, { code: 'ENOTFOUND' }, { code: 'EAI_AGAIN' })
    const outbound = outboundTo(test, `http://name.example:${server.port}/`, { allowPrivateNetwork, resolve, maxConnections: 1 })
    for (const asked of [1, 2, 3]) {
      assert.equal(await get(outbound), 'x')
      assert.equal(resolve.asked.length, asked)
    }
    assert.equal((await refusalOf(() => get(outbound))).failure, 'resolve')
    assert.equal((await refusalOf(() => get(outbound))).failure, 'resolve')
    assert.equal(server.connections(), 3)
  })

  it('an address that was refused is not the last good one', async (test) => {
    const server = await httpServer(test, (_request, response) => response.writeHead(200, { connection: 'close' }).end('x'))
    const resolve = resolver(['127.0.0.1'], ['169.254.169.254'], { code: 'EAI_AGAIN' })
    const outbound = outboundTo(test, `http://name.example:${server.port}/`, { allowPrivateNetwork, resolve, maxConnections: 1 })
    assert.equal(await get(outbound), 'x')
    assert.equal((await refusalOf(() => get(outbound))).failure, 'address')
    assert.equal((await refusalOf(() => get(outbound))).failure, 'resolve')
  })

  it('connections that begin at once share one question', async (test) => {
    const waiting: ServerResponse[] = []
    const server = await httpServer(test, (_request, response) => { waiting.push(response) })
    const resolve = resolver(['127.0.0.1'])
    const outbound = outboundTo(test, `http://name.example:${server.port}/`, { allowPrivateNetwork, resolve, maxConnections: 4 })
    const answers = Promise.all([1, 2, 3, 4].map(async () => await get(outbound)))
    await until('all requests', () => waiting.length === 4)
    for (const response of waiting) response.end('x')
    await answers
    assert.deepEqual([server.connections(), resolve.asked.length], [4, 1])
  })
})
