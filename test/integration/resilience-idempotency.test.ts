/** A call with an idempotency key runs once, however often it comes and whichever face it comes to (FR42). */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { responseOf, textOf } from '../helpers/legacy-wire.ts'
import { metricsOf } from '../helpers/metrics.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { startReplicas } from '../helpers/replicas.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { argsOf, entryOf, faultsOf, fullLegacyServer, refuse, result, textResult } from './upstream-parts.ts'

const META_KEY = 'io.drawbridge/idempotency-key'
const BOTH = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }]

/** A server that appends each nonce to a file before it answers, slowly, and tells how many were there. */
async function scene (t: TestContext, tools: Readonly<Record<string, unknown>> = { idempotencyKeys: true }) {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-nonces-'))
  t.after(() => { rmSync(dir, { recursive: true, force: true }) })
  const file = join(dir, 'nonces')
  appendFileSync(file, '')
  const nonces = (): string[] => readFileSync(file, 'utf8').split('\n').filter((line) => line !== '')
  const server = await fullLegacyServer(t, (received) => {
    if (received.method !== 'tools/call') return result(received, { tools: [] })
    const { nonce, how } = argsOf(received)
    if (how === 'away') return refuse(received, 503)
    appendFileSync(file, `${String(nonce)}\n`)
    if (how === 'reset') return received.response.socket?.destroy()
    const answer = textResult(`done as number ${nonces().length}`)
    setTimeout(() => { result(received, answer) }, 100)
  })
  const gateway = await startGateway({ config: { mcpServers: { x: entryOf(server, { tools, breaker: { enabled: false } }), y: entryOf(server, { tools }) }, limits: roomyLimits }, users: BOTH })
  t.after(() => gateway.stop())
  const modern = (user: string, name = 'x') => {
    const wire = createModernWire(`${gateway.url}/servers/${name}/mcp`, gateway.keyOf(user).bearer)
    t.after(() => { wire.close() })
    return wire
  }
  const runs = (nonce: string): number => nonces().filter((one) => one === nonce).length
  return { gateway, modern, runs }
}

describe('calls with an idempotency key (FR42)', () => {
  it('ten at once over sessions, modern requests, plain calls and the aggregate run once, and all get the same answer', async (t) => {
    const { gateway, modern, runs } = await scene(t)
    const session = gateway.wire('alice', 'x')
    const all = gateway.wire('alice', '/mcp')
    await Promise.all([session.open(), all.open()])
    const args = { nonce: 'once' }
    const meta = { [META_KEY]: 'key-1' }
    const bySession = async (id: number) => textOf(await responseOf(await session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'do', arguments: args } }, { 'idempotency-key': 'key-1' }), id))
    const byModern = async () => textOf(await modern('alice').call('do', args, { meta }))
    const byAggregate = async () => textOf(await all.request('tools/call', { name: 'x__do', arguments: args, _meta: meta }))
    const byPlain = async () => {
      const answer = await send(`${gateway.url}/servers/x/tools`, { method: 'POST', headers: { ...gateway.keyOf('alice').bearer, 'idempotency-key': 'key-1' }, body: { tool_name: 'do', arguments: args } })
      return textOf(JSON.parse(answer.body()) as { result: Record<string, unknown> })
    }
    const texts = await Promise.all([bySession(1), bySession(2), bySession(3), byModern(), byModern(), byModern(), byAggregate(), byAggregate(), byPlain(), byPlain()])
    assert.equal(runs('once'), 1)
    assert.deepEqual([...new Set(texts)], ['done as number 1'])
    // And later, too.
    assert.deepEqual(await Promise.all([bySession(4), byModern(), byPlain()]), Array.from({ length: 3 }, () => 'done as number 1'))
    assert.equal(runs('once'), 1)
    const metrics = await metricsOf(gateway)
    const counted = (outcome: string): number => metrics('idempotent_calls_total', { outcome }) ?? 0
    assert.deepEqual([counted('first'), counted('joined') + counted('replayed')], [1, 12])
    assert.ok(counted('joined') > 0 && counted('replayed') >= 3)
    assert.deepEqual(faultsOf(gateway), [])
  })

  it('other arguments under the key are refused; order of members does not count; other users, tools and servers have their own', async (t) => {
    const { modern, runs } = await scene(t)
    const meta = { [META_KEY]: 'k' }
    const alice = modern('alice')
    await alice.call('do', { nonce: 'a', more: 1 }, { meta })
    const { error } = await alice.call('do', { nonce: 'b' }, { meta })
    assert.deepEqual([error?.code, error?.message], [-32602, 'Invalid params: this idempotency key was used for other arguments of this tool'])
    assert.equal(textOf(await alice.call('do', { more: 1, nonce: 'a' }, { meta })), 'done as number 1')
    await modern('bob').call('do', { nonce: 'a', more: 1 }, { meta })
    await alice.call('other', { nonce: 'a' }, { meta })
    await modern('alice', 'y').call('do', { nonce: 'a' }, { meta })
    assert.deepEqual([runs('a'), runs('b')], [4, 0])
  })

  it('what may have run is not run again; what certainly did not run is', async (t) => {
    const { modern, runs } = await scene(t)
    const alice = modern('alice')
    const lost = { [META_KEY]: 'lost' }
    assert.equal((await alice.call('do', { nonce: 'lost', how: 'reset' }, { meta: lost })).error?.code, 50201)
    assert.equal((await alice.call('do', { nonce: 'lost', how: 'reset' }, { meta: lost })).error?.code, 50201)
    assert.equal(runs('lost'), 1)
    const away = { [META_KEY]: 'away' }
    assert.equal((await alice.call('do', { nonce: 'away', how: 'away' }, { meta: away })).error?.code, 50301)
    // The name was given back, so that it may even be used for something else.
    assert.equal(textOf(await alice.call('do', { nonce: 'away' }, { meta: away })), 'done as number 2')
  })

  it('a caller who goes away leaves the call under its key: who comes after does not run it again', async (t) => {
    const { gateway, modern, runs } = await scene(t)
    const params = { name: 'do', arguments: { nonce: 'gone' } }
    const leave = new AbortController()
    const leaving = send(`${gateway.url}/servers/x/tools`, { method: 'POST', headers: { ...gateway.keyOf('alice').bearer, 'idempotency-key': 'gone' }, body: { tool_name: params.name, arguments: params.arguments }, signal: leave.signal }).catch((error: Error) => error.name)
    await until('it runs', () => runs('gone') === 1)
    leave.abort()
    assert.equal(await leaving, 'AbortError')
    // Joined while it was under way, or told afterwards: it may have run.
    const reply = await modern('alice').call('do', params.arguments, { meta: { [META_KEY]: 'gone' } })
    assert.ok(reply.error?.code === 50201 || textOf(reply) === 'done as number 1', JSON.stringify(reply))
    assert.equal(runs('gone'), 1)
  })

  it('a key that is none is refused; where the operator has not asked for keys they mean nothing', async (t) => {
    const { modern, runs } = await scene(t)
    for (const key of ['', 'a b', 'ü', 'x'.repeat(256), 7]) assert.equal((await modern('alice').call('do', { nonce: 'bad' }, { meta: { [META_KEY]: key } })).error?.code, -32602)
    assert.equal(runs('bad'), 0)
    const off = await scene(t, {})
    await off.modern('alice').call('do', { nonce: 'off' }, { meta: { [META_KEY]: 'k' } })
    await off.modern('alice').call('do', { nonce: 'off' }, { meta: { [META_KEY]: 'k' } })
    assert.equal(off.runs('off'), 2)
  })
})

describe('calls with an idempotency key over two replicas (FR42, reliability C)', () => {
  it('run once, whichever replica they come to; while Redis is away they are refused with 503, and calls without a key go on', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'drawbridge-nonces-'))
    t.after(() => { rmSync(dir, { recursive: true, force: true }) })
    const file = join(dir, 'nonces')
    appendFileSync(file, '')
    const server = await fullLegacyServer(t, (received) => {
      if (received.method !== 'tools/call') return result(received, { tools: [] })
      appendFileSync(file, `${String(argsOf(received)['nonce'])}\n`)
      setTimeout(() => { result(received, textResult('done')) }, 100)
    })
    // With isolation shared nobody owns the worker, and each replica serves the call itself.
    const replicas = await startReplicas({ config: { mcpServers: { x: entryOf(server, { isolation: 'shared', tools: { idempotencyKeys: true } }) }, limits: roomyLimits } })
    t.after(() => replicas.stop())
    const wires = replicas.replicas.map((at) => replicas.modern('alice', 'x', at))
    const call = (n: number, key: string) => (wires[n % 2] as ModernWire).call('do', { nonce: key }, { meta: { [META_KEY]: key } })
    const replies = await Promise.all(Array.from({ length: 10 }, (_, n) => call(n, 'shared')))
    assert.deepEqual(replies.map(textOf), Array.from({ length: 10 }, () => 'done'))
    assert.equal(readFileSync(file, 'utf8'), 'shared\n')
    await replicas.redis.stop()
    const answer = await until('the key is refused', async () => {
      const away = await (wires[0] as ModernWire).begin('tools/call', { name: 'do', arguments: { nonce: 'away' } }, { id: 'away', meta: { [META_KEY]: 'away' } })
      return away.status === 503 && away
    })
    assert.deepEqual([(await responseOf(answer, 'away')).error?.code, answer.headers['retry-after']], [50301, '1'])
    assert.equal(textOf(await (wires[0] as ModernWire).call('do', { nonce: 'no key' })), 'done')
    assert.equal(readFileSync(file, 'utf8'), 'shared\nno key\n')
  })
})
