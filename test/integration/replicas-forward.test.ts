/**
 * Any replica serves any request (rulings 7): sessions and state of a user are reached through the other replica, in every
 * face and era, with what a body or a connection may do on the way.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as startRequest, type IncomingMessage } from 'node:http'
import { text as textIn } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { exchange, send } from '../helpers/http-exchange.ts'
import { createLegacyWire, responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import type { ModernWire } from '../helpers/modern-wire.ts'
import { REPLICA_HEADER, startReplicas, type ReplicaSet, type TestReplica } from '../helpers/replicas.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'carol' }]

describe('requests that reach the other replica', () => {
  let set: ReplicaSet
  let one: TestReplica
  let two: TestReplica
  const others: LegacyWire[] = []
  before(async () => {
    set = await startReplicas({ users, config: { mcpServers: { probe: probe(), team: probe({ isolation: 'tenant' }) }, tenants: { acme: { servers: ['probe'] }, globex: {} }, limits: roomyLimits } })
    const [first, second] = set.replicas
    assert.ok(first !== undefined && second !== undefined)
    one = first
    two = second
  })
  after(async () => {
    for (const wire of others) wire.close()
    await set.stop()
  })

  /** The same session, asked for at another replica. */
  function through (at: TestReplica, user: string, wire: LegacyWire): LegacyWire {
    const other = createLegacyWire(at.url + new URL(wire.url).pathname, { ...set.keyOf(user).bearer })
    other.sessionId = wire.sessionId
    others.push(other)
    return other
  }

  it('find their session there: POST, GET stream, DELETE', async () => {
    const wire = set.wire('alice', 'probe', one)
    await wire.open()
    const home = (wire.sessionId ?? '').split('-')[0]
    const [here, there] = home === 'one' ? [one, two] : [two, one]
    const other = through(there, 'alice', wire)
    const answer = await other.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'from elsewhere' } } })
    assert.equal(textOf(await responseOf(answer, 1)), 'from elsewhere')
    assert.equal(answer.headers[REPLICA_HEADER], here.name)
    const stream = await other.listen()
    assert.equal(stream.status, 200)
    await other.call('grow')
    await stream.next('the news on the stream', ({ method }) => method === 'notifications/tools/list_changed')
    assert.equal((await other.end()).status, 204)
    assert.equal(await stream.ended, 'complete')
    assert.equal((await wire.post({ jsonrpc: '2.0', id: 9, method: 'ping' })).status, 404)
  })

  it('open sessions where their user lives, whichever replica they come to', async () => {
    const [first, second] = [set.wire('bob', 'probe', one), set.wire('bob', 'probe', two)]
    await first.open()
    await second.open()
    assert.equal(first.sessionId?.split('-')[0], second.sessionId?.split('-')[0])
    await first.call('put', { value: 'of bob' })
    assert.deepEqual(JSON.parse(textOf(await second.call('get'))), JSON.parse(textOf(await first.call('get'))))
  })

  it('reach the user\'s one worker in the modern era and as plain calls', async () => {
    const [first, second] = [set.modern('bob', 'probe', one), set.modern('bob', 'probe', two)]
    await first.call('put', { value: 'modern' })
    const [a, b] = [JSON.parse(textOf(await first.call('get'))), JSON.parse(textOf(await second.call('get')))] as Array<{ readonly pid: number, readonly value: string }>
    assert.deepEqual(a, b)
    assert.equal(a?.value, 'modern')
    const plain = async ({ url }: TestReplica): Promise<unknown> => {
      const answer = await send(`${url}/servers/probe/tools`, { body: { tool_name: 'get' }, headers: set.keyOf('bob').bearer })
      return JSON.parse(answer.body())
    }
    assert.deepEqual(await plain(one), await plain(two))
    const status = async ({ url }: TestReplica): Promise<unknown> => (JSON.parse((await send(`${url}/status`, { headers: set.keyOf('bob').bearer })).body()) as { readonly servers: unknown }).servers
    assert.deepEqual(await status(one), await status(two))
  })

  it('reach a tenant\'s one worker, for its own server and for the users\' servers beside it', async () => {
    const pids = new Set<number>()
    for (const at of [one, two]) {
      for (const path of ['team', '/mcp']) {
        const wire = set.wire('carol', path, at)
        await wire.open()
        pids.add((JSON.parse(textOf(await wire.call(path === 'team' ? 'get' : 'team__get'))) as { readonly pid: number }).pid)
      }
    }
    assert.equal(pids.size, 1)
    const own = new Set<number>()
    for (const at of [one, two]) for (const name of ['probe', '/mcp']) own.add((JSON.parse(textOf(await set.modern('carol', name, at).call(name === 'probe' ? 'get' : 'probe__get'))) as { readonly pid: number }).pid)
    assert.equal(own.size, 1)
  })

  it('carry HTTP+SSE: the stream at one replica, messages to the other', async () => {
    for (const [streamAt, postAt] of [[one, two], [two, one]] as const) {
      const { bearer } = set.keyOf('alice')
      const stream = await exchange(`${streamAt.url}/servers/probe/sse`, { headers: { ...bearer, accept: 'text/event-stream' } })
      const endpoint = await stream.nextEvent('the endpoint', ({ event }) => event === 'endpoint')
      const post = async (body: unknown): Promise<number> => (await send(postAt.url + endpoint.data, { body, headers: bearer })).status
      assert.equal(await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 't', version: '1' } } }), 202)
      await stream.next('the greeting', ({ id }) => id === 1)
      assert.equal(await post({ jsonrpc: '2.0', method: 'notifications/initialized' }), 202)
      assert.equal(await post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo', arguments: { text: 'over SSE' } } }), 202)
      assert.equal(textOf(await stream.next('the answer', ({ id }) => id === 2)), 'over SSE')
      stream.cut()
      await until('the session has ended with its stream', async () => await post({ jsonrpc: '2.0', id: 3, method: 'ping' }) === 404)
    }
  })

  it('are cancelled there when a modern client goes, and run on when a legacy one does', async () => {
    const modern = [set.modern('bob', 'probe', one), set.modern('bob', 'probe', two)]
    const legacy = [set.wire('bob', 'probe', one), set.wire('bob', 'probe', two)]
    for (const wire of legacy) await wire.open()
    await Promise.all(modern.map(async (wire) => {
      const gone = new AbortController()
      const call = wire.begin('tools/call', { name: 'hang' }, { signal: gone.signal })
      await until('it runs', async () => await inFlight(modern[0]) > 0)
      gone.abort()
      await assert.rejects(call)
    }))
    await until('both were cancelled', async () => await inFlight(modern[0]) === 0)
    const hung = await Promise.all(legacy.map(async (wire, at) => await wire.post({ jsonrpc: '2.0', id: `hung ${at}`, method: 'tools/call', params: { name: 'hang' } })))
    for (const call of hung) call.cut()
    await legacy[1]?.call('echo', { text: 'still here' })
    assert.equal(await inFlight(modern[0]), 2)
    for (const wire of legacy) await wire.end()
  })

  it('are parked where their user lives: a call is asked at one replica and answered at the other', async () => {
    const capabilities = { elicitation: {} }
    const params = { name: 'ask', arguments: { method: 'elicitation/create', params: { message: 'sure?', requestedSchema: { type: 'object', properties: {} } } } }
    const [first, second] = [set.modern('alice', 'probe', one), set.modern('alice', 'probe', two)]
    for (const [askAt, answerAt] of [[first, second], [second, first]] as const) {
      const { result } = await askAt.request('tools/call', params, { capabilities })
      assert.equal(result?.['resultType'], 'input_required')
      const [question = ''] = Object.keys(result?.['inputRequests'] as object)
      const done = await answerAt.request('tools/call', { ...params, requestState: result?.['requestState'], inputResponses: { [question]: { action: 'accept', content: {} } } }, { capabilities })
      assert.match(textOf(done), /accept/)
    }
  })

  it('may be large, in pieces, or wait for 100 Continue', async () => {
    const sizes = [1000, 300_000, 3_000_000]
    for (const at of [one, two]) {
      const wire = set.wire('alice', 'probe', at)
      await wire.open()
      for (const size of sizes) {
        const body = JSON.stringify({ jsonrpc: '2.0', id: size, method: 'tools/call', params: { name: 'size', arguments: { data: 'x'.repeat(size) } } })
        const headers = { ...set.keyOf('alice').bearer, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-session-id': wire.sessionId ?? '' }
        const inPieces = await exchange(wire.url, { method: 'POST', body, chunkBytes: 65_536, headers })
        assert.equal((JSON.parse(textOf(await responseOf(inPieces, size))) as { readonly characters: number }).characters, size)
        const expecting = startRequest(wire.url, { method: 'POST', headers: { ...headers, expect: '100-continue', 'content-length': Buffer.byteLength(body) } })
        expecting.flushHeaders()
        await once(expecting, 'continue')
        expecting.end(body)
        const [answer] = await once(expecting, 'response') as [IncomingMessage]
        assert.equal(answer.statusCode, 200)
        await textIn(answer)
      }
      assert.equal(textOf(await wire.call('blob', { bytes: 2_000_000 })).length, 2_000_000)
    }
  })

  it('are logged once, by who served them, under the id that their client got', async () => {
    const wire = set.wire('alice', 'probe', one)
    await wire.open()
    const there = wire.sessionId?.startsWith('one-') === true ? two : one
    const home = there === one ? two : one
    const answer = await through(there, 'alice', wire).post({ jsonrpc: '2.0', id: 4, method: 'ping' })
    await answer.ended
    const requestId = answer.headers['x-request-id']
    const line = await until('its line', () => home.gateway.logs().find((entry) => entry['request_id'] === requestId))
    assert.equal(line['user'], 'alice')
    assert.equal(line['remote_address'], '127.0.0.1')
    assert.equal(there.gateway.logs().filter((entry) => entry['request_id'] === requestId).length, 0)
    assert.equal(answer.headers['x-drawbridge-hop'], undefined)
  })

  async function inFlight (wire: ModernWire | undefined): Promise<number> {
    const seen = await wire?.call('cancelled')
    return seen === undefined ? -1 : (JSON.parse(textOf(seen)) as { readonly inFlight: number }).inFlight
  }
})
