/** Servers over HTTP that fail: what is sent again and what never is, and what callers are told while one is down (FR11, FR14, FR15, FR16). */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { responseOf, textOf } from '../helpers/legacy-wire.ts'
import { metricOf, metricsOf } from '../helpers/metrics.ts'
import { createModernWire } from '../helpers/modern-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { argsOf, entryOf, faultsOf, fullLegacyServer, fullModernServer, refuse, result, stream, textResult, type Received, type TestServer } from './upstream-parts.ts'

const ERAS = ['legacy', 'modern'] as const
type Era = typeof ERAS[number]
/** How the server treats a call. The nonce is written down before, as what a call does in the world. */
type Mode = 'ok' | 503 | 'reset' | 'reset-mid'

/** A server that does something once per call, in a file that outlives it, and then answers or not. */
async function nonceServer (t: TestContext, era: Era): Promise<{ readonly server: TestServer, mode: Mode, nonces (): string[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-nonces-'))
  t.after(() => { rmSync(dir, { recursive: true, force: true }) })
  const file = join(dir, 'nonces')
  appendFileSync(file, '')
  const parts: { server: TestServer, mode: Mode, nonces (): string[] } = {
    mode: 'ok',
    nonces: () => readFileSync(file, 'utf8').split('\n').filter((line) => line !== ''),
    server: await (era === 'modern' ? fullModernServer : fullLegacyServer)(t, (received) => {
      if (parts.mode === 503) return refuse(received, 503)
      if (received.method === 'tools/call') appendFileSync(file, `${String(argsOf(received)['nonce'])}\n`)
      if (parts.mode === 'reset') return received.response.socket?.destroy()
      if (parts.mode === 'reset-mid') {
        stream(received).send({ method: 'notifications/message', params: { level: 'info', data: 'x' } })
        return setImmediate(() => received.response.socket?.destroy())
      }
      result(received, received.method === 'tools/call' ? textResult('done') : { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' })
    })
  }
  return parts
}

async function started (t: TestContext, entries: Readonly<Record<string, Record<string, unknown>>>, more: Readonly<Record<string, unknown>> = {}): Promise<TestGateway> {
  const gateway = await startGateway({ config: { mcpServers: entries, limits: roomyLimits, ...more }, users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }] })
  t.after(() => gateway.stop())
  return gateway
}

const NO_BREAKER = { breaker: { enabled: false } }

describe('what is sent again (FR11)', () => {
  for (const era of ERAS) {
    it(`a ${era} server that refuses, resets and breaks off: no call runs twice, and every caller is answered; a repeatable one is answered well`, async (t) => {
      const upstream = await nonceServer(t, era)
      const gateway = await started(t, { x: entryOf(upstream.server, { ...NO_BREAKER, retries: { budgetPercent: 100 } }) })
      const wire = createModernWire(`${gateway.url}/servers/x/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      await wire.call('do', { nonce: 'first' })
      let made = 0
      for (const mode of [503, 'reset', 'reset-mid', 'ok'] as const) {
        upstream.mode = mode
        const replies = await Promise.all(Array.from({ length: 20 }, () => wire.call('do', { nonce: `n${made++}` })))
        for (const { error } of replies) assert.equal(error?.code, mode === 503 ? 50301 : mode === 'ok' ? undefined : 50201, `${mode}`)
      }
      const nonces = upstream.nonces()
      assert.equal(new Set(nonces).size, nonces.length, 'no nonce twice')
      assert.equal(nonces.length, 1 + 60)
      assert.deepEqual(faultsOf(gateway), [])
    })

    it(`a ${era} server: a tool that the operator says may run twice is called again until it answers`, async (t) => {
      const upstream = await nonceServer(t, era)
      const gateway = await started(t, { x: entryOf(upstream.server, { ...NO_BREAKER, tools: { idempotent: ['get_*'] } }) })
      const wire = createModernWire(`${gateway.url}/servers/x/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      await wire.call('do', { nonce: 'first' })
      upstream.mode = 'reset'
      const again = wire.call('get_weather', { nonce: 'again' })
      await until('it was called', () => upstream.nonces().includes('again'))
      upstream.mode = 'ok'
      assert.equal(textOf(await again), 'done')
      upstream.mode = 'reset'
      const other = wire.call('set_weather', { nonce: 'other' })
      await until('it was called', () => upstream.nonces().includes('other'))
      upstream.mode = 'ok'
      assert.equal((await other).error?.code, 50201)
      assert.equal(upstream.nonces().filter((nonce) => nonce === 'other').length, 1)
    })
  }

  it('a process that dies on a call: run again on the next one only if the operator says so (FR01)', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'drawbridge-nonces-'))
    t.after(() => { rmSync(dir, { recursive: true, force: true }) })
    const nonces = (): string[] => readFileSync(join(dir, 'nonces'), 'utf8').split('\n').filter((line) => line !== '')
    appendFileSync(join(dir, 'nonces'), '')
    const program = `
      const fs = require('node:fs'), lines = require('node:readline').createInterface({ input: process.stdin })
      const say = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n')
      lines.on('line', (line) => {
        const { id, method, params } = JSON.parse(line)
        if (method === 'initialize') return say(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'dying', version: '1' } })
        if (method !== 'tools/call') return id === undefined || say(id, {})
        fs.appendFileSync(${JSON.stringify(join(dir, 'nonces'))}, params.arguments.nonce + '\\n')
        const times = fs.readFileSync(${JSON.stringify(join(dir, 'nonces'))}, 'utf8').split(params.arguments.nonce).length - 1
        if (times === 1) process.exit(1)
        say(id, { content: [{ type: 'text', text: 'done at the second time' }] })
      })`
    const gateway = await started(t, { dying: { command: process.execPath, args: ['-e', program], era: 'legacy', tools: { idempotent: ['get'] } } })
    const wire = gateway.wire('alice', 'dying')
    await wire.open()
    assert.equal(textOf(await wire.call('get', { nonce: 'one' })), 'done at the second time')
    assert.equal((await wire.call('set', { nonce: 'two' })).error?.code, 50201)
    assert.deepEqual(nonces(), ['one', 'one', 'two'])
    assert.deepEqual(faultsOf(gateway), [])
  })
})

describe('a server that is down (FR14)', () => {
  for (const era of ERAS) {
    it(`a ${era} one: after ten failures calls are refused at once and not sent, others are served, and a request of ours finds it back`, async (t) => {
      const upstream = await nonceServer(t, era)
      const gateway = await started(t, { x: entryOf(upstream.server, { breaker: { openMs: 700, maxOpenMs: 700 }, retries: { attempts: 0 } }), other: probe() })
      const wire = createModernWire(`${gateway.url}/servers/x/mcp`, gateway.keyOf('alice').bearer)
      const bob = gateway.wire('bob', 'x')
      const other = gateway.wire('bob', 'other')
      t.after(() => { wire.close() })
      await Promise.all([bob.open(), other.open(), wire.call('do', { nonce: 'first' })])
      await other.call('echo', { text: 'warm' })
      upstream.mode = 503
      for (let n = 0; n < 10; n++) assert.equal((await wire.call('do', { nonce: `down${n}` })).error?.code, 50301)
      const sent = upstream.server.of('tools/call').length
      const times: number[] = []
      for (let n = 0; n < 20; n++) {
        const atMs = performance.now()
        const answer = n % 2 === 0 ? await wire.begin('tools/call', { name: 'do', arguments: { nonce: `open${n}` } }, { id: n }) : await bob.post({ jsonrpc: '2.0', id: n, method: 'tools/call', params: { name: 'do', arguments: {} } })
        assert.equal((await responseOf(answer, n)).error?.code, 50301)
        times.push(performance.now() - atMs)
        if (n === 0) assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'])
      }
      assert.equal(textOf(await other.call('echo', { text: 'beside' })), 'beside')
      assert.equal(upstream.server.of('tools/call').length, sent, 'nothing was sent while it was open')
      assert.equal(await metricOf(gateway, 'circuit_open', { server: 'x' }), 1)
      upstream.mode = 'ok'
      await until('a request of ours was answered, and calls go through', async () => (await wire.call('do', { nonce: `back${sent}${Math.random()}` })).error === undefined)
      assert.ok(upstream.nonces().every((nonce) => !nonce.startsWith('down') && !nonce.startsWith('open')))
      t.diagnostic(`${era}: refused in ${Math.max(...times).toFixed(1)} ms at most`)
      const metrics = await metricsOf(gateway)
      assert.deepEqual([metrics('circuit_open', { server: 'x' }), metrics('circuit_open', { server: 'other' })], [0, undefined], 'a process has no circuit')
      for (const name of ['circuit_opened_total', 'circuit_refusals_total']) assert.ok((metrics(name, { server: 'x' }) ?? 0) >= 1, name)
      assert.deepEqual(faultsOf(gateway), [])
    })
  }

  it('newcomers are refused as well, and are served when it is back', async (t) => {
    const upstream = await nonceServer(t, 'legacy')
    const { url } = upstream.server
    const gateway = await started(t, { x: { ...entryOf(upstream.server, { breaker: { calls: 4, openMs: 300, maxOpenMs: 300 }, retries: { attempts: 0 } }), url } })
    upstream.mode = 503
    // The handshake is answered; what follows is not.
    const wire = gateway.wire('alice', 'x')
    await wire.open()
    await until('the circuit is open', async () => {
      const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'do', arguments: {} } })
      await answer.ended
      return answer.status === 503
    })
    upstream.mode = 'ok'
    const bob = gateway.wire('bob', 'x')
    await until('bob is served', async () => {
      try {
        await bob.open()
        return textOf(await bob.call('do', { nonce: 'bob' })) === 'done'
      } catch {
        return false
      }
    })
  })

  it('a user whose every call is refused with 401 opens it for nobody', async (t) => {
    const server = await fullLegacyServer(t, (received) => {
      if (argsOf(received)['who'] === 'alice') refuse(received, 401)
      else result(received, textResult('fine'))
    })
    const gateway = await started(t, { x: entryOf(server) })
    const [alice, bob] = [gateway.wire('alice', 'x'), gateway.wire('bob', 'x')]
    await Promise.all([alice.open(), bob.open()])
    for (let n = 0; n < 40; n++) assert.equal((await alice.call('do', { who: 'alice' })).error?.code, 50201)
    for (let n = 0; n < 5; n++) assert.equal(textOf(await bob.call('do', { who: 'bob' })), 'fine')
  })
})

describe('a server that is slow (FR15, FR16)', () => {
  it('load above its cap: as many calls run as the cap allows, all the time, others wait or are refused at once, and another server is not slowed', async (t) => {
    const cap = 10
    const tookMs = 400
    let running = 0
    let most = 0
    const server = await fullLegacyServer(t, (received) => {
      most = Math.max(most, ++running)
      setTimeout(() => { running--; result(received, textResult('done')) }, tookMs)
    })
    const gateway = await started(t, { slow: entryOf(server, { concurrentCalls: cap, timeoutMs: 4000, validateArguments: false }), other: probe() })
    const [wire, other] = [gateway.wire('alice', 'slow'), gateway.wire('bob', 'other')]
    await Promise.all([wire.open(), other.open()])
    await other.call('echo', { text: 'warm' })
    const startedMs = performance.now()
    let done = 0
    let refused = 0
    const times: number[] = []
    // 200 calls at once: eight seconds of work, of which half fits into a deadline.
    const calls = Array.from({ length: 200 }, async () => {
      const { error } = await wire.call('do')
      if (error === undefined) done++
      else refused++
    })
    const beside = (async () => {
      for (let n = 0; n < 20; n++) {
        const atMs = performance.now()
        await other.call('echo', { text: 'x' })
        times.push(performance.now() - atMs)
      }
    })()
    await Promise.all([...calls, beside])
    const possible = cap * (performance.now() - startedMs) / tookMs
    t.diagnostic(`${done} done of ${Math.round(possible)} possible, ${refused} refused, at most ${most} at once; beside it ${Math.max(...times).toFixed(0)} ms at most`)
    assert.equal(most, cap)
    assert.equal(done + refused, 200)
    // The rest is what a busy machine takes between one call and the next.
    assert.ok(done >= possible * 0.6, `${done} of ${possible}`)
    assert.ok(Math.max(...times) < tookMs * 5)
  })

  for (const piece of ['an event', 'a byte']) {
    it(`${piece} now and then for ever is cut at the call's longest time, with an error under its id`, async (t) => {
      const server = await fullLegacyServer(t, (received) => {
        const out = stream(received)
        const { progressToken } = (received.message['params'] as { _meta?: { progressToken?: unknown } })._meta ?? {}
        const timer = setInterval(() => {
          if (piece === 'a byte') out.raw(':')
          else out.send({ method: 'notifications/progress', params: { progressToken, progress: performance.now() } })
        }, 50)
        received.response.on('close', () => { clearInterval(timer) })
      })
      const gateway = await started(t, { x: entryOf(server, { timeoutMs: 1000, maxTimeoutMs: 2500, validateArguments: false }) })
      const wire = gateway.wire('alice', 'x')
      await wire.open()
      const atMs = performance.now()
      const answer = await wire.post({ jsonrpc: '2.0', id: 'slow', method: 'tools/call', params: { name: 'do', arguments: {}, _meta: { progressToken: 'mine' } } })
      const { error } = await responseOf(answer, 'slow')
      const tookMs = performance.now() - atMs
      assert.equal(error?.code, 50401)
      // Progress extends the deadline up to the longest time; bytes that say nothing do not.
      const expectedMs = piece === 'a byte' ? 1000 : 2500
      assert.ok(tookMs > expectedMs - 50 && tookMs < expectedMs + 1500, `${tookMs} ms`)
      await until('its socket is cut', () => (server.of('tools/call')[0] as Received).response.closed)
    })
  }
})

describe('a server that falls silent (FR11, invariant: every call ends by its deadline)', () => {
  it('while it has to be asked for its tools first: the call ends by the same deadline as if it had been asked nothing', async (t) => {
    let isSilent = false
    const server = await fullLegacyServer(t, (received) => { if (!isSilent) result(received, received.method === 'tools/call' ? textResult('fine') : { tools: [{ name: 'do', inputSchema: { type: 'object' } }] }) })
    const gateway = await started(t, { x: entryOf(server, { timeoutMs: 3000, maxTimeoutMs: 3000 }) })
    // Nobody knows the tools yet: they are asked for with the first call.
    const wire = gateway.wire('alice', 'x')
    await wire.open()
    isSilent = true
    const atMs = performance.now()
    const { error } = await wire.call('do')
    const tookMs = performance.now() - atMs
    assert.ok(error?.code === 50301 || error?.code === 50401, JSON.stringify(error))
    assert.ok(tookMs < 3000 + 2500, `${tookMs} ms`)
    isSilent = false
    assert.equal(textOf(await wire.call('do')), 'fine')
  })
})
