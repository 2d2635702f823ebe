import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { runs } from '../upstream/upstream-parts.ts'
import { routeTo, startGateway } from './gateway-parts.ts'

const echo = runs('echo.mjs')
const noAbort = new AbortController().signal

/** Runs to its end and says when it has. */
function watch (work: Promise<void>): { done: () => boolean, end: Promise<void> } {
  let isDone = false
  return { done: () => isDone, end: work.then(() => { isDone = true }) }
}

describe('draining (FR31)', () => {
  it('lets everything finish that is owed an answer: running, in line, waiting for a worker, lists', async (t) => {
    const { client, gateway, workers } = await startGateway(t, { servers: { echo, slow: runs('slow-start.mjs', '300') }, limits: { concurrentCalls: 2 } })
    const alice = await client('alice', '/')
    assert.equal(await alice.call('echo__echo', { text: 'warm' }), 'warm')
    const owed = [
      alice.ask('tools/call', { name: 'echo__sleep', arguments: { ms: 400, text: 'ran' } }),
      alice.ask('tools/call', { name: 'slow__late' }),
      alice.ask('tools/call', { name: 'echo__echo', arguments: { text: 'in line' } }),
      alice.ask('tools/list')
    ]
    const drained = watch(gateway.drain())
    // A session goes on as long as there is something to wait for.
    assert.deepEqual((await alice.get('ping')).result, {})
    const answers = await Promise.all(owed.map((request) => request.answer()))
    assert.deepEqual(answers.map(({ how, error }) => [how, error]), owed.map(() => ['finish', undefined]))
    await drained.end
    assert.deepEqual([alice.session.closed, workers()], [true, 0])
  })

  it('takes no new sessions and no plain calls', async (t) => {
    const { client, gateway, caller } = await startGateway(t, { servers: { echo } })
    const alice = await client()
    const request = alice.ask('tools/call', { name: 'sleep', arguments: { ms: 60_000 } }, 's')
    const drained = watch(gateway.drain())
    const opened = gateway.open(caller('bob'), routeTo('echo'), 'http')
    if (opened instanceof Promise) throw new TypeError('in memory it is decided at once')
    assert.equal(!opened.ok && opened.error.code, 'GW_DRAINING')
    const plain = await gateway.callTool(caller(), routeTo('echo'), { toolName: 'echo', arguments: {} }, noAbort)
    assert.equal(!plain.ok && plain.refused?.code, 'GW_DRAINING')
    assert.ok(gateway.draining && !drained.done())
    alice.tell('notifications/cancelled', { requestId: 's' })
    await drained.end
    assert.deepEqual(request.answers, [{ how: 'drop' }])
  })

  it('ends what takes longer, with an error that says it may have run, and streams cleanly', async (t) => {
    const { client, gateway, workers } = await startGateway(t, { servers: { echo }, drainMs: 100, limits: { concurrentCalls: 1 } })
    const alice = await client()
    const reader = alice.listen()
    const running = alice.ask('tools/call', { name: 'sleep', arguments: { ms: 60_000 } })
    const waiting = alice.ask('tools/call', { name: 'echo', arguments: { text: 'x' } })
    await gateway.drain()
    assert.deepEqual([running.answers.map(({ error }) => error?.code), waiting.answers.map(({ error }) => error?.code)], [[50201], [50301]])
    assert.deepEqual([reader.ended, workers()], [true, 0])
  })

  it('is not held up by a server that never initializes', async (t) => {
    const { open, gateway, workers } = await startGateway(t, { servers: { mute: runs('never-initializes.mjs') }, drainMs: 50 })
    const hello = open().ask('initialize', {})
    await until('it starts', () => workers() === 1)
    const drained = watch(gateway.drain())
    await until('it has drained', drained.done)
    assert.equal((await hello.answer()).error?.code, 50301)
    assert.equal(workers(), 0)
  })

  it('cut short by stop, both end', async (t) => {
    const { client, gateway, workers } = await startGateway(t, { servers: { echo } })
    const alice = await client()
    const request = alice.ask('tools/call', { name: 'sleep', arguments: { ms: 60_000 } })
    const drained = watch(gateway.drain())
    await gateway.stop()
    await drained.end
    assert.deepEqual([request.answers.length, workers()], [1, 0])
  })
})
