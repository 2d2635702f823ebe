/** Limits that are decided elsewhere: what happens between the question and its answer. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { LimitDecision, Limiter } from '../../../src/limits/index.ts'
import { runs } from '../upstream/upstream-parts.ts'
import { routeTo, startGateway, testRequest, type GatewayBench } from './gateway-parts.ts'

const echo = runs('echo.mjs')

interface Scene extends GatewayBench {
  /** Requests and openings get their answers, and all later ones at once. */
  decide (): void
}

/** A gateway whose limiter answers requests when the test says so. */
async function start (t: TestContext, limits: Record<string, number> = {}): Promise<Scene> {
  const gate = Promise.withResolvers<undefined>()
  const later = (limiter: Limiter): Limiter => ({
    call: (...asked) => limiter.call(...asked),
    configure: (snapshot) => { limiter.configure(snapshot) },
    close: () => { limiter.close() },
    request: async (principal): Promise<LimitDecision> => { await gate.promise; return await limiter.request(principal) },
    initialize: async (principal): Promise<LimitDecision> => { await gate.promise; return await limiter.initialize(principal) }
  })
  const bench = await startGateway(t, { servers: { echo }, limits, change: (options) => ({ ...options, limiter: later(options.limiter) }) })
  return { ...bench, decide: () => { gate.resolve(undefined) } }
}

describe('a decision that comes later', () => {
  it('opens a session, or refuses it', async (t) => {
    const { gateway, caller, decide } = await start(t, { initializePerMinute: 1 })
    const opening = [gateway.open(caller(), routeTo('echo'), 'http'), gateway.open(caller(), routeTo('echo'), 'http')]
    assert.ok(opening.every((opened) => opened instanceof Promise))
    assert.equal(gateway.sessionCounts.http, 0)
    decide()
    const opened = await Promise.all(opening)
    assert.deepEqual(opened.map(({ ok }) => ok), [true, false])
    assert.equal(gateway.sessionCounts.http, 1)
  })

  it('opens no session when the gateway drains meanwhile', async (t) => {
    const { gateway, caller, decide } = await start(t)
    const opening = gateway.open(caller(), routeTo('echo'), 'http')
    const drained = gateway.drain()
    decide()
    const opened = await opening
    assert.equal(!opened.ok && opened.error.code, 'GW_DRAINING')
    await drained
  })

  it('is waited for by a gateway that drains, and does nothing for a modern client that has gone', async (t) => {
    const { gateway, modern, decide, thrown } = await start(t)
    const alice = modern()
    const [gone, waits] = [alice.ask('tools/list'), alice.ask('tools/list')]
    gone.leave()
    const drained = gateway.drain()
    assert.equal(gateway.callsInFlight, 2)
    decide()
    assert.equal((await waits.answer()).how, 'finish')
    assert.deepEqual(gone.answers, [{ how: 'drop' }])
    await drained
    assert.deepEqual(thrown, [])
  })

  it('refuses a modern request as one that is known at once', async (t) => {
    const { modern, decide } = await start(t, { requestsPerMinute: 1 })
    const alice = modern()
    const asked = [alice.ask('tools/list'), alice.ask('tools/list')]
    decide()
    const answers = await Promise.all(asked.map((request) => request.answer()))
    assert.deepEqual(answers.map(({ how, refused }) => [how, refused?.code]).sort(), [['finish', undefined], ['refuse', 'GW_LIMIT_RATE']])
  })

  it('answers requests of a session in their order, and one whose session has ended with an error', async (t) => {
    const { gateway, caller, decide, thrown } = await start(t, { requestsPerMinute: 4 })
    const opening = gateway.open(caller(), routeTo('echo'), 'sse')
    decide()
    const opened = await opening
    assert.ok(opened.ok)
    const requests = ['a', 'b', 'c', 'd'].map((id) => ({ id, ...testRequest() }))
    for (const { id, exchange } of requests) gateway.receive(opened.value, caller(), { kind: 'request', id, method: 'ping', params: undefined }, exchange)
    const answers = await Promise.all(requests.map((request) => request.answer()))
    assert.deepEqual(answers.map(({ how }) => how), ['finish', 'finish', 'finish', 'refuse'])
    const late = testRequest()
    gateway.receive(opened.value, caller('bob'), { kind: 'request', id: 'late', method: 'ping', params: undefined }, late.exchange)
    const closed: unknown = gateway.close(opened.value)
    await closed
    assert.equal((await late.answer()).error?.code, 49901)
    assert.deepEqual(thrown, [])
  })
})
