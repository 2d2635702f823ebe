/** Limits while Redis is away, frozen or slow (FR20, FR21): what a replica then decides by itself. */
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import type { CallGrant, Limiter } from '../../../src/limits/index.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import { until } from '../../helpers/until.ts'
import { caller, fs, limits } from '../limits/callers.ts'
import { outcomeOf, sharedLimiters } from './shared-limiters.ts'

const call = (limiter: Limiter, principal: Principal): Promise<CallGrant> => Promise.resolve(limiter.call(principal, fs, undefined, Infinity))

/** One call after the other, or all at once; how many were let in. They are given back at once. */
async function callsLetIn (limiter: Limiter, principal: Principal, count: number, atOnce = false): Promise<number> {
  let letIn = 0
  const one = async (): Promise<void> => {
    const grant = await call(limiter, principal)
    if (!grant.admitted) return
    letIn++
    grant.release()
  }
  if (atOnce) await Promise.all(Array.from({ length: count }, one))
  else for (let sent = 0; sent < count; sent++) await one()
  return letIn
}

describe('without Redis', () => {
  it('each replica admits its part of the limit, and all of it again when Redis is back (FR20)', async (t) => {
    const { replicas: [one, two], redis } = await sharedLimiters(t, { settings: { limits: limits({ callsPerMinute: 100, requestsPerMinute: 10, concurrentCalls: 4 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    assert.equal(await callsLetIn(one.limiter, alice, 90), 90)
    await redis.kill()
    await until('both know', () => one.store.state === 'away' && two.store.state === 'away')
    const letIn = await Promise.all([one, two].map(async ({ limiter }) => await callsLetIn(limiter, alice, 200)))
    assert.deepEqual(letIn, [50, 50], 'together no more than the limit')
    const requests = await Promise.all([one, two].map(async ({ limiter }) => (await Promise.all(Array.from({ length: 10 }, () => limiter.request(alice)))).filter(({ admitted }) => admitted).length))
    assert.deepEqual(requests, [5, 5])
    assert.equal(one.decidedBy.at(-1), 'process')
    await redis.start()
    await until('both are back', () => one.store.state === 'up' && two.store.state === 'up')
    assert.equal(await callsLetIn(one.limiter, alice, 60) + await callsLetIn(two.limiter, alice, 60), 100, 'counts begin anew')
  })

  it('slots are parted too, and calls that began before and during the time are counted after it', async (t) => {
    const { replicas: [one, two], redis } = await sharedLimiters(t, { settings: { limits: limits({ concurrentCalls: 4 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    const before = await call(one.limiter, alice)
    await redis.kill()
    await until('both know', () => one.store.state === 'away' && two.store.state === 'away')
    const during = await call(one.limiter, alice)
    assert.ok(before.admitted && during.admitted)
    const abort = new AbortController()
    const third = one.limiter.call(alice, fs, undefined, Infinity, abort.signal)
    await one.limiter.request(alice)
    abort.abort()
    assert.equal(outcomeOf(await third), 'user_concurrency', 'two of four are its part')
    await redis.start()
    await until('what is held is in Redis', async () => one.store.state === 'up' && two.store.state === 'up' && await redis.cli('EXISTS', 'db:{t:acme}:slots:user:alice') === '1')
    const others = [await call(two.limiter, alice), await call(two.limiter, alice)]
    assert.deepEqual(others.map(outcomeOf), ['admitted', 'admitted'])
    const waiting = call(two.limiter, alice)
    before.release()
    assert.equal(outcomeOf(await waiting), 'admitted')
  })

  it('nothing is let in where the operator wants it so', async (t) => {
    const { replicas: [one], redis } = await sharedLimiters(t, { count: 1, parts: { whenAway: 'refuse' } })
    assert.ok(one)
    const alice = caller('alice')
    assert.equal(outcomeOf(await call(one.limiter, alice)), 'admitted')
    await redis.kill()
    await until('it knows', () => one.store.state === 'away')
    const refused = await call(one.limiter, alice)
    assert.ok(!refused.admitted)
    assert.deepEqual([refused.refusal.name, refused.refusal.code, refused.refusal.retryAfterS], ['redis_away', 'GW_LIMIT_IN_FLIGHT', 1])
    const request = await one.limiter.request(alice)
    assert.equal(!request.admitted && request.refusal.name, 'redis_away')
    assert.equal((await one.limiter.initialize(alice)).admitted, false)
  })

  it('that is frozen: calls wait no longer than a command may take, then not at all, and the event loop is free (FR21)', async (t) => {
    const { replicas: [one], redis } = await sharedLimiters(t, { count: 1, store: { commandTimeoutMs: 100 }, settings: { limits: limits({ callsPerMinute: 1e9, concurrentCalls: 1000 }) } })
    assert.ok(one)
    const alice = caller('alice')
    await callsLetIn(one.limiter, alice, 5)
    redis.freeze()
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const sentAt: number[] = []
    let calls = 0
    while (one.store.state === 'up') {
      const startMs = performance.now()
      calls += await callsLetIn(one.limiter, alice, 50, true)
      sentAt.push(performance.now() - startMs)
    }
    assert.equal(calls, sentAt.length * 50, 'all were let in')
    assert.ok(sentAt.length >= 3 && sentAt.length <= 4, `${sentAt.length} messages until it was known`)
    const asked = one.unanswered()
    const away = await callsLetIn(one.limiter, alice, 5000)
    assert.deepEqual([away, one.unanswered()], [5000, asked], 'nobody waits for an answer any more')
    delay.disable()
    redis.thaw()
    await until('it is back', () => one.store.state === 'up')
    assert.equal(outcomeOf(await call(one.limiter, alice)), 'admitted')
    assert.equal(one.decidedBy.at(-1), 'replicas')
    t.diagnostic(`event loop delayed by ${(delay.max / 1e6).toFixed(0)} ms at most; a call took ${Math.max(...sentAt).toFixed(0)} ms at most`)
  })

  it('calls that wait for another replica are decided here when Redis goes away', async (t) => {
    const { replicas: [one, two], redis } = await sharedLimiters(t, { settings: { limits: limits({ concurrentCalls: 2 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    for (let held = 0; held < 2; held++) assert.ok((await call(one.limiter, alice)).admitted)
    const waiting = call(two.limiter, alice)
    await two.limiter.request(alice)
    await redis.kill()
    assert.equal(outcomeOf(await waiting), 'admitted')
  })

  it('what was asked and not answered is put right when it can be said again', async (t) => {
    const { replicas: [one], redis } = await sharedLimiters(t, { count: 1, store: { commandTimeoutMs: 100 } })
    assert.ok(one)
    const alice = caller('alice')
    redis.freeze()
    const grants: CallGrant[] = []
    while (one.store.state === 'up') grants.push(await call(one.limiter, alice))
    assert.equal(one.unanswered(), grants.length)
    for (const grant of grants) if (grant.admitted) grant.release()
    redis.thaw()
    await until('the late questions have been counted', async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0) > grants.length)
    await until('their slots are free', async () => await redis.cli('EXISTS', 'db:{t:acme}:slots:user:alice') === '0')
  })
})
