import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GatewayError } from '../../../../src/shared/errors.ts'
import { serverSettings } from '../../../helpers/server-settings.ts'
import { until } from '../../../helpers/until.ts'
import { serve, modernServer, result, initializeResult } from '../http/http-parts.ts'
import { ask, openings } from '../opening-parts.ts'
import { runs, testCall } from '../upstream-parts.ts'
import { at, ssePuppet, startConformance } from './sse-parts.ts'

const failure = (opening: Promise<unknown>): Promise<string> => opening.then(() => 'opened', ({ code, details }: GatewayError) => `${code} ${details.reason ?? ''}`)

describe('places of servers over HTTP', () => {
  it('are seen, reaped when idle, opened again, and closed with the gateway', async (t) => {
    const puppet = await ssePuppet(t)
    const { place, clock, connections, told, started, restart } = await openings(t)
    const held = place(at(puppet.url, { pool: { warm: 0, max: 1, maxPerTenant: 1, idleMs: 5000 } }), { era: 'modern' })
    const first = await held.ready()
    assert.deepEqual(connections.status(), [{ server: 'srv', tenant: 'acme', user: 'alice', state: 'running', pid: undefined, inFlight: 0, era: 'legacy', idleMs: 0 }])
    const handle = first.call(testCall())
    clock.advance(5000)
    await puppet.got('the call', ({ method }) => method === 'tools/call')
    assert.equal(first.open, true)
    handle.cancel('client_cancelled')
    clock.advance(5000)
    await until('it is reaped', () => !first.open && puppet.sockets.size === 0)
    const second = await held.ready()
    assert.deepEqual([second === first, second.open, puppet.streams.length, connections.eras(serverSettings())?.eras], [false, true, 2, ['legacy']])
    await restart()
    assert.equal(second.open, false)
    await until('all is closed', () => puppet.sockets.size === 0)
    assert.deepEqual([told, started()], [['opened', 'opened'], 0])
  })

  it('are no workers: they count against no bound, and make no room', async (t) => {
    const puppet = await ssePuppet(t)
    const { place, connections, clock } = await openings(t)
    const pool = { warm: 0, max: 1, maxPerTenant: 1, idleMs: 300_000 }
    const opened = []
    for (const user of ['a', 'b', 'c']) opened.push(await place(at(puppet.url, { pool }), { user }).ready())
    clock.advance(60_000)
    const owner = { tenant: serverSettings().name as never, server: serverSettings().name }
    assert.equal(await connections.makeRoom(owner, 'all'), false)
    assert.ok(opened.every((one) => one.open))
  })

  it('a stream that ends is opened by the next call; ends right after the beginning slow that down, later ones do not', async (t) => {
    t.mock.method(Math, 'random', () => 0.999)
    const puppet = await ssePuppet(t)
    const { place, clock, peers } = await openings(t)
    const held = place(at(puppet.url))
    for (let turn = 1; turn <= 5; turn++) {
      await held.ready()
      clock.advance(10_000)
      puppet.streams.at(-1)?.end()
      await until('the end', () => peers.get(held)?.ends === turn)
    }
    for (let turn = 6; turn <= 8; turn++) {
      await held.ready()
      puppet.streams.at(-1)?.end()
      await until('the end', () => peers.get(held)?.ends === turn)
    }
    assert.match(await failure(held.ready()), /^GW_UPSTREAM_UNAVAILABLE backing off/)
  })

  it('one that cannot be reached is told of, and left alone for a while', async (t) => {
    t.mock.method(Math, 'random', () => 0.999)
    const { place, told, clock, connections } = await openings(t)
    const held = place(at('http://127.0.0.1:1/sse'))
    assert.match(await failure(held.ready()), /^GW_UPSTREAM_UNAVAILABLE 127\.0\.0\.1:1/)
    assert.match(await failure(held.ready()), /^GW_UPSTREAM_UNAVAILABLE backing off/)
    clock.advance(500)
    assert.match(await failure(held.ready()), /^GW_UPSTREAM_UNAVAILABLE 127\.0\.0\.1:1/)
    assert.deepEqual([told, connections.lastFailure(held.server)?.code], [['failed GW_UPSTREAM_UNAVAILABLE', 'failed GW_UPSTREAM_UNAVAILABLE'], 'GW_UPSTREAM_UNAVAILABLE'])
  })

  it('one that does not let the gateway in says so each time: waiting would not help, and hide the reason', async (t) => {
    const puppet = await ssePuppet(t, { onGet: (response) => { response.writeHead(401).end(); return true } })
    const { place } = await openings(t)
    const held = place(at(puppet.url))
    for (let turn = 0; turn < 3; turn++) assert.match(await failure(held.ready()), /^GW_UPSTREAM_AUTH/)
  })

  for (const transport of ['sse', 'http'] as const) {
    it(`${transport}: startTimeoutMs is all it has to get ready`, async (t) => {
      const silent = await serve(t, () => {})
      const { place, told } = await openings(t)
      const beganMs = performance.now()
      assert.match(await failure(place(at(silent.url, { transport, startTimeoutMs: 300 })).ready()), /^GW_UPSTREAM_UNAVAILABLE/)
      await until('all is closed', () => silent.sockets.size === 0)
      assert.ok(performance.now() - beganMs < 10_000)
      assert.deepEqual(told, ['failed GW_UPSTREAM_UNAVAILABLE'])
    })
  }

  it('interactive: one call at a time over HTTP+SSE, as over stdio', async (t) => {
    const puppet = await ssePuppet(t)
    const { place } = await openings(t)
    const connection = await place(at(puppet.url, { interactive: true })).ready()
    const [one, other] = [connection.call(testCall()), connection.call(testCall())]
    const { id } = await puppet.got('the call', ({ method }) => method === 'tools/call')
    assert.deepEqual([one.sent, other.sent], [true, false])
    puppet.say({ id, result: 1 })
    await until('it is the other one\'s turn', () => other.sent)
  })
})

describe('an http entry', () => {
  for (const era of ['legacy', 'modern'] as const) {
    it(`whose server speaks HTTP+SSE falls back to it, for a ${era} client`, async (t) => {
      const { url } = await startConformance(t)
      const { place, connections, told } = await openings(t)
      const held = place(at(url, { transport: 'http' }), { era })
      const connection = await held.ready()
      assert.ok(Array.isArray(((await ask(connection, 'tools/list')).result as { tools?: unknown }).tools))
      assert.deepEqual([connection.era, connections.eras(serverSettings())?.eras, told], ['legacy', ['legacy'], ['opened']])
      await connection.close()
      assert.equal((await held.ready()).open, true)
    })
  }

  it('where there is nothing of that kind says what Streamable HTTP said', async (t) => {
    const nothing = await serve(t, ({ response }) => { response.writeHead(404).end() })
    const { place } = await openings(t)
    assert.match(await failure(place(at(nothing.url, { transport: 'http' })).ready()), /^GW_UPSTREAM_START initialize was refused with status 404/)
    assert.equal(nothing.verb('GET').length, 1)
  })

  it('that pins the modern era does not fall back', async (t) => {
    const nothing = await serve(t, ({ response }) => { response.writeHead(404).end() })
    const { place } = await openings(t)
    assert.match(await failure(place(at(nothing.url, { transport: 'http', era: 'modern' })).ready()), /^GW_UPSTREAM_START/)
    assert.equal(nothing.verb('GET').length, 0)
  })

  it('has a connection for clients of each era, as long as it may speak both', async (t) => {
    const dual = await serve(t, (received) => {
      if (received.method === 'initialize') result(received, initializeResult)
      else if (received.method === 'server/discover') result(received, { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {} })
      else received.response.writeHead(received.verb === 'POST' ? 202 : 405).end()
    })
    const only = await modernServer(t, () => {})
    const { place } = await openings(t)
    const [legacy, modern] = [place(at(dual.url, { transport: 'http' })), place(at(dual.url, { transport: 'http' }), { era: 'modern' })]
    assert.deepEqual([(await legacy.ready()).era, (await modern.ready()).era, legacy.key === modern.key], ['legacy', 'modern', false])
    const entry = at(only.url, { transport: 'http', entryHash: 'only' })
    const first = place(entry)
    assert.equal((await first.ready()).era, 'modern')
    // The eras are known now, and one connection does for callers of both; but whoever had one keeps it, with what the server keeps for it.
    const common = place(entry, { era: 'modern' })
    assert.notEqual(common, first)
    assert.equal(place(entry), first)
    assert.equal(place(entry, { user: 'bob' }).key, place(entry, { user: 'bob', era: 'modern' }).key)
    for (const own of [at(dual.url), runs('puppet.mjs')]) assert.equal(place(own).key, place(own, { era: 'modern' }).key)
  })
})
