/** A client that goes while its call runs: cancelled or carried on, by the era it speaks, whatever server the call is at (FR41, rulings 4). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { KINDS, startFixtureUpstreams, type FixtureUpstreams, type Kind } from '../helpers/fixture-upstreams.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { exchange, send } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { openSseWire } from '../helpers/sse-wire.ts'
import { until } from '../helpers/until.ts'

/** Longest time from the loss of a client to the moment at which its server knows. What it takes is a few ms; this is for a busy machine. */
const PROMPT_MS = 3000
/** Goes on for a minute. */
const endless = (key: string) => ({ key, steps: 1200, everyMs: 50 })

interface Fate { readonly started: boolean, readonly cancelled?: boolean, readonly finished?: boolean }

describe('a client that goes mid-call', { concurrency: 3 }, () => {
  let upstreams: FixtureUpstreams
  let gateway: TestGateway
  before(async () => {
    upstreams = await startFixtureUpstreams()
    const mcpServers = Object.fromEntries(KINDS.flatMap((kind) => [[kind, upstreams.entry(kind)], [`${kind}-off`, upstreams.entry(kind, { cancelOnDisconnect: true })]]))
    gateway = await startGateway({ users: [{ tenant: 'acme', user: 'alice' }], config: { mcpServers, limits: { ...roomyLimits, concurrentCalls: 1000 } } })
  })
  after(async () => {
    await gateway.stop()
    await upstreams.stop()
    assert.deepEqual(gateway.logs().filter((line) => line['level'] === 'error' || line['level'] === 'fatal'), [], 'nothing went wrong inside')
  })

  /** Somebody who asks the server what became of a call; a client of the user, so of the same worker. */
  async function observer (server: string): Promise<{ wire: LegacyWire, fate (key: string): Promise<Fate> }> {
    const wire = gateway.wire('alice', server)
    await wire.open()
    return { wire, fate: async (key) => JSON.parse(textOf(await wire.call('was_cancelled', { key }))) as Fate }
  }
  const modern = (server: string): ModernWire => createModernWire(`${gateway.url}/servers/${server}/mcp`, gateway.keyOf('alice').bearer)

  async function callsInFlight (server: string): Promise<number> {
    const answer = await send(`${gateway.url}/status`, { headers: gateway.keyOf('alice').bearer })
    const { servers } = JSON.parse(answer.body()) as { servers: Array<{ name: string, workers: { calls_in_flight: number } }> }
    return servers.find(({ name }) => name === server)?.workers.calls_in_flight ?? 0
  }

  /** Waits until the call runs, lets `go` happen, and waits until the server knows. @returns ms */
  async function msUntilCancelled (server: string, key: string, fate: (key: string) => Promise<Fate>, go: () => unknown): Promise<number> {
    await until(`${server} ${key} runs`, async () => (await fate(key)).started)
    const startMs = performance.now()
    await go()
    await until(`${server} ${key} is cancelled`, async () => (await fate(key)).cancelled, 15_000)
    return performance.now() - startMs
  }

  async function goesAndCancels (kind: Kind): Promise<Record<string, number>> {
    const { fate } = await observer(kind)
    const wire = modern(kind)
    const took: Record<string, number> = {}
    // Before anything of the answer: an abort of the request.
    const early = new AbortController()
    const request = wire.begin('tools/call', { name: 'slow_progress', arguments: endless('early') }, { signal: early.signal }).catch(() => undefined)
    took['before the answer'] = await msUntilCancelled(kind, 'early', fate, () => early.abort())
    await request
    // Amid a stream of progress.
    const stream = await wire.begin('tools/call', { name: 'slow_progress', arguments: endless('stream') }, { meta: { progressToken: 'p' } })
    await stream.next('progress', (message) => message.method === 'notifications/progress')
    took['amid its stream'] = await msUntilCancelled(kind, 'stream', fate, () => stream.cut())
    // Plain JSON, and a batch of it.
    for (const [what, path, body] of [
      ['plain', 'tools', { tool_name: 'slow_progress', arguments: endless('plain') }],
      ['batch', 'tools/batch', [{ tool_name: 'slow_progress', arguments: endless('batch') }]]
    ] as const) {
      const gone = new AbortController()
      const plain = exchange(`${gateway.url}/servers/${kind}/${path}`, { body, headers: gateway.keyOf('alice').bearer, signal: gone.signal }).catch(() => undefined)
      took[what] = await msUntilCancelled(kind, what, fate, () => gone.abort())
      await plain
    }
    wire.close()
    return took
  }

  for (const kind of KINDS) {
    it(`modern and plain JSON, ${kind}: the server is told at once, and nothing is held any more`, async (t) => {
      const took = await goesAndCancels(kind)
      t.diagnostic(`${kind}: ${Object.entries(took).map(([what, ms]) => `${what} ${Math.round(ms)} ms`).join(', ')}`)
      for (const [what, ms] of Object.entries(took)) assert.ok(ms < PROMPT_MS, `${what} ${ms} ms`)
      await until('no call is in flight', async () => await callsInFlight(kind) === 0)
    })

    it(`Streamable HTTP with a session, ${kind}: the call runs on, and its result waits for who comes back`, async () => {
      const { wire, fate } = await observer(kind)
      const answer = await wire.post({ jsonrpc: '2.0', id: 'kept', method: 'tools/call', params: { name: 'slow_progress', arguments: { key: 'kept', steps: 20, everyMs: 30 }, _meta: { progressToken: 'p' } } })
      await answer.next('progress', (message) => message.method === 'notifications/progress')
      const seen = answer.events.findLast((event) => event.id !== undefined && event.data !== '')
      answer.cut()
      await until('it is finished', async () => (await fate('kept')).finished)
      assert.equal((await fate('kept')).cancelled, false)
      const resumed = await wire.listen(seen?.id)
      assert.match(textOf(await responseOf(resumed, 'kept')), /done after 20 steps/)
      const steps = resumed.messages().filter(({ method }) => method === 'notifications/progress').map(({ params }) => params?.['progress'])
      assert.deepEqual(steps, Array.from({ length: steps.length }, (_, at) => 21 - steps.length + at), 'what was missed comes once, in order')
      assert.equal(await resumed.ended, 'complete')
    })

    it(`HTTP+SSE, ${kind}: the session ends and its calls are cancelled`, async (t) => {
      const { fate } = await observer(kind)
      const old = await openSseWire(`${gateway.url}/servers/${kind}/sse`, gateway.keyOf('alice').bearer)
      await old.post({ id: 'x', method: 'tools/call', params: { name: 'slow_progress', arguments: endless('sse') } })
      const ms = await msUntilCancelled(kind, 'sse', fate, () => old.stream.cut())
      t.diagnostic(`${kind}: ${Math.round(ms)} ms`)
      assert.ok(ms < PROMPT_MS, `${ms} ms`)
      assert.equal((await old.post({ id: 'y', method: 'ping' })).status, 404)
    })

    it(`cancelOnDisconnect, ${kind}: a session's call is cancelled too, and the session lives on`, async (t) => {
      const { fate } = await observer(`${kind}-off`)
      const leaving = gateway.wire('alice', `${kind}-off`)
      await leaving.open()
      const answer = await leaving.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow_progress', arguments: endless('off'), _meta: { progressToken: 'p' } } })
      await answer.next('progress', (message) => message.method === 'notifications/progress')
      const ms = await msUntilCancelled(kind, 'off', fate, () => answer.cut())
      // Before there is a stream that could be lost.
      const gone = new AbortController()
      const early = exchange(leaving.url, {
        body: { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'slow_progress', arguments: endless('off early') } },
        headers: { ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH, 'mcp-session-id': leaving.sessionId ?? '', 'mcp-protocol-version': leaving.protocolVersion },
        signal: gone.signal
      }).catch(() => undefined)
      const earlyMs = await msUntilCancelled(`${kind}-off`, 'off early', fate, () => gone.abort())
      await early
      t.diagnostic(`${kind}: amid its stream ${Math.round(ms)} ms, before it ${Math.round(earlyMs)} ms`)
      assert.ok(ms < PROMPT_MS && earlyMs < PROMPT_MS, `${ms} and ${earlyMs} ms`)
      assert.match(textOf(await leaving.call('greet', { name: 'Ada' })), /Ada/)
    })
  }
})

describe('what a client that goes had', () => {
  it('its concurrency slot is free for the next call', async (t) => {
    const upstreams = await startFixtureUpstreams(['http-modern'])
    t.after(() => upstreams.stop())
    const gateway = await startGateway({
      config: { mcpServers: { stdio: upstreams.entry('stdio-legacy'), http: upstreams.entry('http-modern') }, limits: { ...roomyLimits, concurrentCalls: 1 } }
    })
    t.after(() => gateway.stop())
    for (const server of ['stdio', 'http']) {
      const wire = createModernWire(`${gateway.url}/servers/${server}/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      for (let turn = 0; turn < 5; turn++) {
        const holding = await wire.begin('tools/call', { name: 'slow_progress', arguments: endless(`${turn}`) }, { meta: { progressToken: 1 } })
        await holding.next('progress', (message) => message.method === 'notifications/progress')
        const waiting = wire.call('was_cancelled', { key: `${turn}` })
        holding.cut()
        assert.equal((JSON.parse(textOf(await waiting)) as Fate).started, true)
      }
      // One that waits in line goes without ever having been sent.
      const holding = await wire.begin('tools/call', { name: 'slow_progress', arguments: endless('holds') }, { meta: { progressToken: 1 } })
      await holding.next('progress', (message) => message.method === 'notifications/progress')
      const gone = new AbortController()
      const line = wire.begin('tools/call', { name: 'slow_progress', arguments: endless('in line') }, { signal: gone.signal }).catch(() => 'gone')
      const inFlight = async (): Promise<number | undefined> => await metricOf(gateway, 'http_requests_in_flight')
      await until('both are there', async () => await inFlight() === 2)
      gone.abort()
      assert.equal(await line, 'gone')
      // Two connections: the other one's end could be noticed first otherwise, and the call have its turn.
      await until('it has left the line', async () => await inFlight() === 1)
      holding.cut()
      assert.equal((JSON.parse(textOf(await wire.call('was_cancelled', { key: 'in line' }))) as Fate).started, false)
    }
  })
})
