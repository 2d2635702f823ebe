/** Workers that flood, break the framing, forge answers or stop reading (FR06, FR07, FR09, T38, T39). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { residentBytes } from '../helpers/processes.ts'
import { manyUsers, probe, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const MB = 1024 * 1024

async function start (entry: Record<string, unknown>, userCount = 2): Promise<{ gateway: TestGateway, wires: LegacyWire[] }> {
  const users = manyUsers(userCount)
  const gateway = await startGateway({ users, config: { mcpServers: { server: entry }, limits: roomyLimits } })
  const wires = await Promise.all(users.map(async ({ user }) => {
    const wire = gateway.wire(user, 'server')
    await wire.open()
    await wire.call('echo', { text: 'warm' })
    return wire
  }))
  return { gateway, wires }
}

const first = <T> (list: readonly T[], index = 0): T => {
  const item = list[index]
  assert.ok(item)
  return item
}

describe('noise', () => {
  it('stderr at full speed: calls go on, the log stays small, memory stays flat (FR06)', async (t) => {
    const { gateway, wires } = await start(unruly())
    t.after(() => gateway.stop())
    const [noisy, quiet] = [first(wires), first(wires, 1)]
    const [logBefore, memoryBefore] = [gateway.output().length, residentBytes(gateway.pid)]
    const flood = noisy.call('flood', { forMs: 3000 })
    const state = { flooding: true }
    const finished = flood.finally(() => { state.flooding = false })
    let calls = 0
    while (state.flooding) {
      assert.equal(textOf(await noisy.call('echo', { text: 'during' })), 'during')
      assert.equal(textOf(await quiet.call('echo', { text: 'beside' })), 'beside')
      calls++
    }
    const written = Number(textOf(await finished))
    assert.ok(written > 10 * MB, `${written} bytes of stderr`)
    assert.ok(calls > 2, `${calls} calls`)
    // What calls themselves log is a few hundred bytes each.
    assert.ok(gateway.output().length - logBefore < 100_000 + calls * 2 * 2000, 'the log does not follow stderr')
    // Gigabytes went through; what is left is garbage that is not collected yet.
    const grownBytes = residentBytes(gateway.pid) - memoryBefore
    assert.ok(grownBytes < 200 * MB, `${grownBytes} bytes more`)
  })

  it('lines that are not JSON are dropped, the answer after them arrives', async (t) => {
    const { gateway, wires } = await start(unruly(), 1)
    t.after(() => gateway.stop())
    assert.equal(textOf(await first(wires).call('garbage', { lines: 5 })), 'after the garbage')
  })

  it('answers to ids that nobody asked under harm nobody; a second answer is dropped', async (t) => {
    const { gateway, wires } = await start(unruly({ isolation: 'shared' }))
    t.after(() => gateway.stop())
    const [one, two] = [first(wires), first(wires, 1)]
    const waiting = Array.from({ length: 10 }, (_, index) => two.call('echo', { text: `own ${index}`, delayMs: 500 }))
    assert.equal(textOf(await one.call('forged_ids')), 'honest')
    assert.equal(textOf(await one.call('answer_twice')), 'first')
    assert.deepEqual((await Promise.all(waiting)).map(textOf), waiting.map((_, index) => `own ${index}`))
    assert.equal(textOf(await one.call('echo', { text: 'next' })), 'next')
  })

  it('half a line and exit: the call in flight fails with its id, the next one gets a fresh worker', async (t) => {
    const { gateway, wires } = await start(unruly())
    t.after(() => gateway.stop())
    const failed = await first(wires).call('half_line_then_exit', {}, 'half')
    assert.equal(failed.id, 'half')
    assert.equal(failed.error?.code, 50201)
    assert.equal(textOf(await first(wires).call('echo', { text: 'fresh' })), 'fresh')
    assert.equal(textOf(await first(wires, 1).call('echo', { text: 'beside' })), 'beside')
  })

  it('half a line and silence: the deadline ends it', async (t) => {
    const { gateway, wires } = await start(unruly({ timeoutMs: 1200 }), 1)
    t.after(() => gateway.stop())
    assert.equal((await first(wires).call('half_line_then_silence')).error?.code, 50401)
  })

  it('a line without end: the worker is killed at the cap, memory stays bounded, others go on (T39)', async (t) => {
    const { gateway, wires } = await start(unruly())
    t.after(() => gateway.stop())
    const memoryBefore = residentBytes(gateway.pid)
    let peak = 0
    const watch = setInterval(() => { peak = Math.max(peak, residentBytes(gateway.pid)) }, 20)
    const failed = await first(wires).call('endless_line', {}, 'endless')
    clearInterval(watch)
    assert.equal(failed.id, 'endless')
    assert.ok(failed.error)
    assert.ok(peak - memoryBefore < 120 * MB, `${Math.round((peak - memoryBefore) / MB)} MB more`)
    assert.equal(textOf(await first(wires, 1).call('echo', { text: 'beside' })), 'beside')
    assert.equal(textOf(await first(wires).call('echo', { text: 'fresh' })), 'fresh')
  })

  it('a worker that stops reading: bounded queue, clean refusals, no growing memory (FR09)', async (t) => {
    const { gateway, wires } = await start(unruly({ timeoutMs: 2500 }))
    t.after(() => gateway.stop())
    const [deaf, other] = [first(wires), first(wires, 1)]
    assert.equal(textOf(await deaf.call('stop_reading')), 'deaf now')
    const memoryBefore = residentBytes(gateway.pid)
    const big = 'z'.repeat(100_000)
    const codes = new Map<number, number>()
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => deaf.call('echo', { text: big })))
      for (const { error, result } of answers) codes.set(error?.code ?? (result ? 0 : -1), (codes.get(error?.code ?? 0) ?? 0) + 1)
      if (codes.has(0)) break
    }
    for (const code of codes.keys()) assert.ok([0, 50301, 50401, 50201].includes(code), JSON.stringify([...codes]))
    assert.ok((codes.get(50301) ?? 0) + (codes.get(50401) ?? 0) + (codes.get(50201) ?? 0) > 0)
    assert.ok(residentBytes(gateway.pid) - memoryBefore < 150 * MB)
    assert.equal(textOf(await other.call('echo', { text: 'beside' })), 'beside')
    await until('a fresh worker', async () => (await deaf.call('echo', { text: 'again' })).result !== undefined, 15_000)
  })
})

describe('text that looks like framing (T38)', () => {
  it('arguments and results come through exactly, and start nothing', async (t) => {
    const { gateway, wires } = await start(probe(), 1)
    t.after(() => gateway.stop())
    const wire = first(wires)
    const tricky = [
      'x\n{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"put","arguments":{"value":"INJECTED"}}}', 'a\rb', 'a\r\nb', 'line\u2028sep\u2029para\u0085next',
      'nul\u0000inside', '\ud800 lone', '\uFEFFbom', '"quotes" and \\backslash\\', '\u001b[31mansi', '👩‍👩‍👧‍👦 grüezi 日本'
    ]
    for (const text of tricky) {
      assert.equal(textOf(await wire.call('echo', { text })), text, JSON.stringify(text))
    }
    assert.match(textOf(await wire.call('get')), /"value":null/)
  })
})
