/** Workers that die, hang, start slowly or never (FR01 to FR04). */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { randomUUID } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { JsonRpc } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { manyUsers, probe, roomyLimits, roomyPool, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

/** A path that is free, and again after the test. */
function scratchFile (t: TestContext, name: string): string {
  const path = join(tmpdir(), `drawbridge-${name}-${randomUUID()}`)
  t.after(() => rm(path, { force: true }))
  return path
}
const linesOf = (path: string): string[] => existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []

async function opened (gateway: TestGateway, user: string, server: string): Promise<LegacyWire> {
  const wire = gateway.wire(user, server)
  await wire.open()
  return wire
}

async function timed (call: Promise<JsonRpc>): Promise<{ message: JsonRpc, ms: number }> {
  const started = performance.now()
  const message = await call
  return { message, ms: performance.now() - started }
}

describe('a worker is killed in the middle of calls (FR01)', () => {
  it('every call in flight gets an error with its own id, the session goes on with a fresh worker, the loss is told once', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = await opened(gateway, 'alice', 'probe')
    await wire.call('put', { value: 'in memory' })
    const { pid } = JSON.parse(textOf(await wire.call('get'))) as { pid: number }
    const stream = await wire.listen()
    const running = Array.from({ length: 5 }, (_, index) => wire.call('hang', {}, `in-flight-${index}`))
    await until('all are at the worker', async () => (JSON.parse(textOf(await wire.call('cancelled'))) as { inFlight: number }).inFlight === 5)
    const killedAt = performance.now()
    process.kill(pid, 'SIGKILL')
    const lost = await Promise.all(running)
    const lostAfterMs = performance.now() - killedAt
    for (const [index, message] of lost.entries()) {
      assert.equal(message.id, `in-flight-${index}`)
      assert.equal(message.error?.code, 50201)
    }
    assert.ok(lostAfterMs < 3000, `${lostAfterMs} ms`)

    const first = await wire.post({ jsonrpc: '2.0', id: 'next', method: 'tools/call', params: { name: 'get', arguments: {} } })
    await first.ended
    const answer = first.messages().find((message) => message.id === 'next') ?? {}
    const fresh = JSON.parse(textOf(answer)) as { pid: number, value: unknown }
    assert.notEqual(fresh.pid, pid)
    assert.equal(fresh.value, null)
    await wire.call('get')
    const notices = [...first.messages(), ...stream.messages()].filter((message) => message.method === 'notifications/message' && /memory|state/i.test(JSON.stringify(message.params)))
    assert.equal(notices.length, 1, 'one notice that the state is gone')
    stream.cut()
  })

  it('another user notices nothing', async (t) => {
    const gateway = await startGateway({ users: manyUsers(2), config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const [one, two] = await Promise.all([opened(gateway, 'u0', 'probe'), opened(gateway, 'u1', 'probe')])
    const safe = two.call('echo', { text: 'untouched', delayMs: 800 })
    await assert.doesNotReject(one.call('crash'))
    assert.equal(textOf(await safe), 'untouched')
  })

  it('under load: kills cost at most what was in flight, and nothing is lost without an answer', async (t) => {
    const users = manyUsers(8)
    const gateway = await startGateway({ users, config: { mcpServers: { probe: probe({ pool: roomyPool }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wires = await Promise.all(users.map(({ user }) => opened(gateway, user, 'probe')))
    const tally = { ok: 0, unknown: 0, again: 0, mixed: 0, other: [] as unknown[] }
    const load = { ended: false }
    const running = Promise.all(wires.map(async (wire, user) => {
      for (let call = 0; !load.ended; call++) {
        const nonce = `u${user}-${call}`
        const message = await wire.call('echo', { text: nonce, delayMs: 20 })
        if (message.error?.code === 50201) tally.unknown++
        // Not run, and says so: it came in the moment between the end of a worker and its being noticed.
        else if (message.error?.code === 50301) tally.again++
        else if (message.error !== undefined) tally.other.push(message.error)
        else if (textOf(message) === nonce) tally.ok++
        else tally.mixed++
      }
    }))
    for (let kill = 0; kill < 5; kill++) {
      const wanted = tally.ok + 60
      await until('some calls', () => tally.ok >= wanted, 20_000)
      const victim = gateway.workers()[kill % 8]
      assert.ok(victim)
      process.kill(victim.pid, 'SIGKILL')
    }
    await until('everybody recovered', () => gateway.workers().length === users.length, 20_000)
    load.ended = true
    await running
    assert.equal(tally.mixed, 0)
    assert.deepEqual(tally.other, [])
    assert.ok(tally.again <= 5, `${tally.again} calls were to be repeated after 5 kills`)
    assert.ok(tally.unknown <= 5, `${tally.unknown} unknown for 5 kills with one call in flight each`)
  })
})

describe('a worker hangs (FR02)', () => {
  it('the call ends at its deadline, the server is told, the stopped process is killed', async (t) => {
    const gateway = await startGateway({ users: manyUsers(2), config: { mcpServers: { probe: probe({ timeoutMs: 1500 }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const [stuck, other] = await Promise.all([opened(gateway, 'u0', 'probe'), opened(gateway, 'u1', 'probe')])
    const { pid } = JSON.parse(textOf(await stuck.call('get'))) as { pid: number }
    process.kill(pid, 'SIGSTOP')
    const { message, ms } = await timed(stuck.call('echo', { text: 'x' }, 'stuck'))
    assert.equal(message.id, 'stuck')
    assert.equal(message.error?.code, 50401)
    assert.ok(ms >= 1400 && ms < 6000, `${ms} ms`)
    assert.equal(textOf(await other.call('echo', { text: 'fine' })), 'fine')
    await until('the stopped process is gone', () => gateway.workers().every((worker) => worker.pid !== pid), 12_000)
    assert.equal(textOf(await stuck.call('echo', { text: 'fresh' })), 'fresh')
  })

  it('a deadline of one call does not end the worker of the others', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe({ timeoutMs: 2000, maxTimeoutMs: 5000 }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = await opened(gateway, 'alice', 'probe')
    const { pid } = JSON.parse(textOf(await wire.call('get'))) as { pid: number }
    assert.equal((await wire.call('hang')).error?.code, 50401)
    await until('the server was told', async () => (JSON.parse(textOf(await wire.call('cancelled'))) as { cancelled: unknown[] }).cancelled.length === 1)
    assert.equal((JSON.parse(textOf(await wire.call('get'))) as { pid: number }).pid, pid)
  })

  it('progress extends the deadline, up to maxTimeoutMs', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { probe: probe({ timeoutMs: 1500, maxTimeoutMs: 4000 }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = await opened(gateway, 'alice', 'probe')
    const slowly = async (steps: number, id: string): Promise<JsonRpc> => {
      const answer = await wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'progress', arguments: { steps, everyMs: 200 }, _meta: { progressToken: id } } })
      await answer.ended
      return answer.messages().find((message) => message.id === id) ?? {}
    }
    assert.ok((await slowly(10, 'within')).result, '2 s with progress every 200 ms')
    const { message, ms } = await timed(slowly(200, 'beyond'))
    assert.equal(message.error?.code, 50401)
    assert.ok(ms >= 3800 && ms < 9000, `${ms} ms`)
  })
})

describe('a slow start (FR03)', () => {
  it('callers wait for it, at most maxStarting start at once, and nobody is lost', async (t) => {
    const users = manyUsers(12)
    const spawns = scratchFile(t, 'spawns')
    const gateway = await startGateway({
      users, config: { mcpServers: { slow: unruly({ env: { UNRULY_START: 'slow', UNRULY_DELAY_MS: '700', UNRULY_SPAWNS: spawns }, pool: roomyPool }) }, limits: roomyLimits, pool: { maxStarting: 4 } }
    })
    t.after(() => gateway.stop())
    const answers = await Promise.all(users.map(async ({ user }) => await (await opened(gateway, user, 'slow')).call('echo', { text: user })))
    assert.deepEqual(answers.map(textOf), users.map(({ user }) => user))
    const times = linesOf(spawns).map((line) => Number(line.split(' ')[1])).sort((a, b) => a - b)
    assert.equal(times.length, 12)
    for (let index = 4; index < times.length; index++) assert.ok((times[index] ?? 0) - (times[index - 4] ?? 0) >= 600, 'the fifth start waits for the first to finish')
  })

  it('a server that never answers initialize: an error at the start deadline, and its process is gone', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: { silent: unruly({ env: { UNRULY_START: 'silent' }, startTimeoutMs: 1500 }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'silent')
    const started = performance.now()
    const failure = await wire.open().then(async () => (await wire.call('echo', { text: 'x' })).error, (error: unknown) => String(error))
    const ms = performance.now() - started
    assert.match(JSON.stringify(failure), /50301|50201|50401/)
    assert.ok(ms >= 1400 && ms < 8000, `${ms} ms`)
    await until('its process is gone', () => gateway.workers().length === 0, 12_000)
  })
})

describe('a crash loop (FR04)', () => {
  it('100 calls cost at most 8 starts, get quick errors without stderr text, and it recovers once the server works', async (t) => {
    const [spawns, fixed] = [scratchFile(t, 'spawns'), scratchFile(t, 'fixed')]
    const gateway = await startGateway({ config: { mcpServers: { broken: unruly({ env: { UNRULY_START: 'exit', UNRULY_SPAWNS: spawns, UNRULY_FIXED: fixed } }) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const attempt = async (): Promise<string> => {
      const wire = gateway.wire('alice', 'broken')
      return await wire.open().then(async () => JSON.stringify(await wire.call('echo', { text: 'it works' })), (error: unknown) => String(error)).finally(() => wire.close())
    }
    const failures: string[] = []
    for (let batch = 0; batch < 10; batch++) failures.push(...await Promise.all(Array.from({ length: 10 }, attempt)))
    assert.equal(failures.length, 100)
    for (const failure of failures) {
      assert.match(failure, /50201|50301|42901|502|503/)
      assert.doesNotMatch(failure, /SECRET-IN-STDERR/)
    }
    assert.ok(linesOf(spawns).length <= 8, `${linesOf(spawns).length} starts`)
    await writeFile(fixed, '')
    await until('recovery', async () => (await attempt()).includes('it works'), 40_000)
  })
})
