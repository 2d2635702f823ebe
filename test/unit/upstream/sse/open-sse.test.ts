import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GatewayError } from '../../../../src/shared/errors.ts'
import { until } from '../../../helpers/until.ts'
import { listen } from '../http/http-parts.ts'
import { ask } from '../opening-parts.ts'
import { testCall } from '../upstream-parts.ts'
import { at, open, ssePuppet, startConformance, startEverything } from './sse-parts.ts'
import type { PuppetBehaviour } from './sse-parts.ts'

const failure = (opening: Promise<unknown>): Promise<string> => opening.then(() => 'opened', ({ code, details }: GatewayError) => `${code} ${details.reason ?? ''}`)
const texts = (result: unknown): string => (result as { content: Array<{ text: string }> }).content.map(({ text }) => text).join()

describe('real servers of the 2024-11-05 transport', () => {
  it('SDK v1: results, progress, and questions in the middle of a call', async (t) => {
    const { url } = await startConformance(t)
    const { connection, peer, faults, thrown } = await open(t, at(url), { capabilities: { sampling: {} } })
    assert.deepEqual([connection.era, connection.pid, connection.listen], ['legacy', undefined, undefined])
    peer.answer = (method) => Promise.resolve({ result: { role: 'assistant', model: 'm', content: { type: 'text', text: `to ${method}` } } })
    assert.match(texts((await ask(connection, 'tools/call', { name: 'test_sampling', arguments: { prompt: 'p' } })).result), /to sampling\/createMessage/)
    const slow = testCall({ params: { name: 'slow_progress', arguments: { key: 'k', steps: 3, everyMs: 1 } } })
    connection.call(slow)
    await until('it is done', () => slow.replies.length === 1)
    assert.deepEqual([slow.progress.length >= 3, connection.inFlight.size, faults, thrown], [true, 0, [], []])
  })

  it('SDK v1: a cancel reaches the call', async (t) => {
    const { url } = await startConformance(t)
    const { connection } = await open(t, at(url))
    const call = testCall({ params: { name: 'slow_progress', arguments: { key: 'k', steps: 1000, everyMs: 5 } } })
    const handle = connection.call(call)
    await until('it runs', () => call.progress.length > 0)
    handle.cancel('client_cancelled')
    assert.equal(call.replies[0]?.error?.code, 49901)
    await until('the server knows', async () => /"cancelled":true/.test(texts((await ask(connection, 'tools/call', { name: 'was_cancelled', arguments: { key: 'k' } })).result)))
  })

  it('server-everything; its end is the connection\'s, and calls in flight are answered once (FR01)', async (t) => {
    const { url, stop } = await startEverything(t)
    const { connection, peer } = await open(t, at(url))
    assert.equal(texts((await ask(connection, 'tools/call', { name: 'echo', arguments: { message: 'hi' } })).result), 'Echo: hi')
    const call = testCall({ params: { name: 'trigger-long-running-operation', arguments: { duration: 60, steps: 600 } } })
    connection.call(call)
    await until('it runs', () => call.progress.length > 0)
    await stop()
    await until('the end', () => peer.ends === 1)
    assert.deepEqual([call.replies.map(({ error }) => error?.code), connection.open], [[50201], false])
  })
})

describe('what travels', () => {
  it('the entry\'s own headers on the stream and on every message, and the protocol\'s; nothing else (T14)', async (t) => {
    const puppet = await ssePuppet(t)
    const { connection } = await open(t, at(puppet.url, { headers: { Authorization: 'Bearer s3cret', 'X-Own': '1', Accept: 'x', 'Mcp-Session-Id': 'mine' } }))
    connection.call(testCall())
    await puppet.got('the call', ({ method }) => method === 'tools/call')
    const common = { host: `127.0.0.1:${puppet.port}`, connection: 'keep-alive', authorization: 'Bearer s3cret', 'x-own': '1', 'user-agent': 'drawbridge/0', 'accept-encoding': 'identity' }
    assert.deepEqual(puppet.verb('GET').map(({ headers }) => ({ ...headers })), [{ ...common, accept: 'text/event-stream' }])
    for (const { headers } of puppet.verb('POST')) {
      const { 'content-length': length, ...rest } = headers
      assert.deepEqual([{ ...rest }, Number(length) > 0], [{ ...common, accept: 'application/json, text/event-stream', 'content-type': 'application/json' }, true])
    }
    assert.deepEqual(puppet.verb('POST').map(({ method }) => method), ['initialize', 'notifications/initialized', 'tools/call'])
  })

  it('no call overtakes the end of the handshake', async (t) => {
    const held: Array<() => void> = []
    const puppet = await ssePuppet(t, {
      onPost: ({ method, response }) => {
        if (method === 'notifications/initialized') held.push(() => response.writeHead(202).end())
        return method === 'notifications/initialized'
      }
    })
    let isOpen = false
    const opening = open(t, at(puppet.url)).then((opened) => { isOpen = true; return opened })
    await puppet.got('initialized', ({ method }) => method === 'notifications/initialized')
    assert.equal(isOpen, false)
    held[0]?.()
    assert.equal((await opening).connection.open, true)
  })
})

describe('the endpoint', () => {
  for (const [what, endpoint] of [['a path', '/other?x=1'], ['relative', 'other?x=1'], ['a whole URL', 'http://127.0.0.1:PORT/other?x=1'], ['a query alone', '?x=1']] as const) {
    it(`${what} of its own origin is where messages go`, async (t) => {
      const puppet = await ssePuppet(t, { endpoint: ({ port }) => endpoint.replace('PORT', String(port)) })
      await open(t, at(puppet.url))
      assert.equal(puppet.verb('POST').length, 2)
    })
  }

  for (const endpoint of ['http://127.0.0.1:CANARY/x', '//127.0.0.1:CANARY/x', 'http://localhost:PORT/x', 'https://127.0.0.1:PORT/x', 'http://user:pw@127.0.0.1:PORT/x', 'ftp://127.0.0.1/x', 'http://127.0.0.1:CANARY\\@127.0.0.1:PORT/', 'http://[', `/${'x'.repeat(2048)}`]) {
    it(`${endpoint.slice(0, 50)} is refused, and nobody is called (T47)`, async (t) => {
      let hits = 0
      const canary = await listen(t, (_request, response) => { hits++; response.end() })
      const puppet = await ssePuppet(t, { endpoint: ({ port }) => endpoint.replaceAll('CANARY', String(canary.port)).replaceAll('PORT', String(port)) })
      assert.match(await failure(open(t, at(puppet.url))), /^GW_UPSTREAM_START the endpoint is not of the stream's own origin$/)
      await until('the stream is closed', () => puppet.sockets.size === 0)
      assert.deepEqual([hits, puppet.verb('POST').length], [0, 0])
    })
  }

  it('that comes a second time is a fault, and changes nothing', async (t) => {
    const puppet = await ssePuppet(t)
    const { connection, faults } = await open(t, at(puppet.url))
    puppet.say('event: endpoint\ndata: /elsewhere\n\n')
    await until('it is counted', () => faults.length === 1)
    connection.call(testCall())
    await puppet.got('the call', ({ method }) => method === 'tools/call')
    assert.deepEqual(faults, ['malformed_message'])
  })
})

describe('servers that are none', () => {
  const answers = (status: number, headers: Record<string, string> = {}): PuppetBehaviour => ({ onGet: (response) => { response.writeHead(status, headers).end('x'); return true } })
  const rows: ReadonlyArray<readonly [string, PuppetBehaviour, RegExp]> = [
    ['401', answers(401, { 'www-authenticate': 'Bearer' }), /^GW_UPSTREAM_AUTH/],
    ['403', answers(403), /^GW_UPSTREAM_AUTH/],
    ['404', answers(404), /^GW_UPSTREAM_START GET was answered with status 404/],
    ['405', answers(405), /^GW_UPSTREAM_START/],
    ['500', answers(500), /^GW_UPSTREAM_UNAVAILABLE/],
    ['429', answers(429), /^GW_UPSTREAM_UNAVAILABLE/],
    ['204', answers(204), /^GW_UPSTREAM_START/],
    ['another media type', answers(200, { 'content-type': 'text/html' }), /^GW_UPSTREAM_START GET was answered with something else/],
    ['a packed stream', answers(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }), /^GW_UPSTREAM_START GET was answered with an encoded stream/],
    ['an end before the endpoint', answers(200, { 'content-type': 'text/event-stream' }), /^GW_UPSTREAM_START the stream ended before it named an endpoint/],
    ['a broken connection', { onGet: (response) => { response.destroy(); return true } }, /^GW_UPSTREAM_UNAVAILABLE/],
    ['a refused initialize', { onPost: ({ response }) => { response.writeHead(401).end(); return true } }, /^GW_UPSTREAM_AUTH the server did not take initialize/],
    ['an initialize that fails', { onPost: ({ response }) => { response.writeHead(500).end(); return true } }, /^GW_UPSTREAM_UNAVAILABLE the server did not take initialize/],
    ['an initialize that breaks off', { onPost: ({ response }) => { response.destroy(); return true } }, /^GW_UPSTREAM_UNAVAILABLE the server did not take initialize/],
    ['an initialize that is none', { onPost: ({ response }) => { response.writeHead(400).end(); return true } }, /^GW_UPSTREAM_START the server did not take initialize/],
    ['a lost session', { onPost: ({ response }) => { response.writeHead(404).end(); return true } }, /^GW_UPSTREAM_UNAVAILABLE the server did not take initialize/]
  ]
  for (const [what, behaviour, expected] of rows) {
    it(`${what}: ${expected.source.slice(1)}; nothing stays open`, async (t) => {
      const puppet = await ssePuppet(t, behaviour)
      assert.match(await failure(open(t, at(puppet.url))), expected)
      await until('all is closed', () => puppet.sockets.size === 0)
    })
  }

  it('a redirect is not followed (T47)', async (t) => {
    let hits = 0
    const canary = await listen(t, (_request, response) => { hits++; response.end() })
    const puppet = await ssePuppet(t, answers(302, { location: `http://127.0.0.1:${canary.port}/` }))
    assert.match(await failure(open(t, at(puppet.url))), /^GW_UPSTREAM_START GET was answered with status 302/)
    assert.equal(hits, 0)
  })

  it('a private address without the switch, a port where nobody listens, an entry that pins the modern era', async (t) => {
    const puppet = await ssePuppet(t)
    assert.match(await failure(open(t, at(puppet.url, { allowPrivateNetwork: false }))), /^GW_UPSTREAM_UNAVAILABLE/)
    assert.match(await failure(open(t, at(puppet.url, { era: 'modern' }))), /^GW_UPSTREAM_START HTTP\+SSE is a transport of the legacy era/)
    assert.equal(puppet.received.length, 0)
    assert.match(await failure(open(t, at('http://127.0.0.1:1/sse'))), /^GW_UPSTREAM_UNAVAILABLE/)
  })

  for (const [what, behaviour] of [
    ['the answer', { onGet: () => true }],
    ['the endpoint', { endpoint: () => undefined }],
    ['the answer to initialize', { onPost: ({ response }) => { response.writeHead(202).end(); return true } }],
    ['taking initialized', { onPost: ({ method }) => method === 'notifications/initialized' }]
  ] as ReadonlyArray<readonly [string, PuppetBehaviour]>) {
    it(`one that keeps us waiting for ${what} is left when we are told to`, async (t) => {
      const puppet = await ssePuppet(t, behaviour)
      const abort = new AbortController()
      const opening = failure(open(t, at(puppet.url), { signal: abort.signal }))
      await until('it has our stream', () => puppet.received.length === (what.includes('initialize') ? (what.endsWith('d') ? 3 : 2) : 1))
      abort.abort(Object.assign(new Error('late'), { code: 'ours', details: {} }))
      assert.equal(await opening, 'ours ')
      await until('all is closed', () => puppet.sockets.size === 0)
    })
  }
})
