/** Calls in flight over several replicas: who waits, who is let in, and what is left when something is lost. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../../src/shared/clock.ts'
import { until } from '../../helpers/until.ts'
import { acme, caller, limits } from '../limits/callers.ts'
import { admitted, call, outcomeOf, sharedLimiters } from './shared-limiters.ts'

describe('slots of all replicas', () => {
  it('a call waits for a slot that another replica holds, and gets it when it is given back', async (t) => {
    const { replicas: [one, two] } = await sharedLimiters(t, { settings: { limits: limits({ concurrentCalls: 1 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    const first = await admitted(one.limiter, alice)
    const order: string[] = []
    const waiting = [one, two, two].map(async ({ limiter }, at) => {
      const grant = await call(limiter, alice)
      order.push(`${at}`)
      assert.ok(grant.admitted)
      grant.release()
    })
    await admitted(two.limiter, caller('bob'))
    first.release()
    await Promise.all(waiting)
    assert.deepEqual([...order].sort(), ['0', '1', '2'])
    assert.ok(order.indexOf('1') < order.indexOf('2'), `who came first is first: ${order.join()}`)
    assert.ok(two.waits.includes('granted'))
  })

  it('a replica with calls without end does not keep the others from their turn', async (t) => {
    const { replicas: [one, two] } = await sharedLimiters(t, { settings: { limits: limits({ concurrentCalls: 1, callsPerMinute: 1e9 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    const served = new AbortController()
    let ahead = 0
    const flood = Array.from({ length: 20 }, async () => {
      while (!served.signal.aborted) {
        const grant = await admitted(one.limiter, alice)
        ahead++
        await new Promise(setImmediate)
        grant.release()
      }
    })
    await until('the flood runs', () => ahead > 100)
    const before = ahead
    const grant = await admitted(two.limiter, alice)
    served.abort()
    grant.release()
    await Promise.all(flood)
    assert.ok(ahead >= before)
    assert.ok(two.waits.every((outcome) => outcome === 'granted'))
  })

  it('users of a tenant take turns at its slots', async (t) => {
    const { replicas: [one, two] } = await sharedLimiters(t, { settings: { limits: limits({ callsPerMinute: 1e6 }), tenants: acme({ concurrentCalls: 1 }) } })
    assert.ok(one && two)
    const held = await admitted(one.limiter, caller('zoe'))
    const order: string[] = []
    const serve = async (user: string): Promise<void> => {
      const grant = await admitted(two.limiter, caller(user))
      order.push(user)
      grant.release()
    }
    const served = [...Array.from({ length: 5 }, async () => { await serve('alice') }), serve('bob')]
    // What is asked behind them is answered when they are in line.
    await two.limiter.request(caller('carol'))
    held.release()
    await Promise.all(served)
    assert.ok(order.indexOf('bob') <= 1, `bob is not behind all of alice: ${order.join()}`)
  })

  it('a wait ends with its deadline or its caller, and is charged for nothing', async (t) => {
    const { replicas: [one, two], redis } = await sharedLimiters(t, { settings: { limits: limits({ concurrentCalls: 1, callsPerMinute: 3 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    const first = await admitted(one.limiter, alice)
    const late = await call(two.limiter, alice, undefined, systemClock.nowMs() + 3000)
    assert.ok(!late.admitted && late.refusal.name === 'user_concurrency' && late.refusal.code === 'GW_LIMIT_CONCURRENCY')
    assert.deepEqual([late.refusal.window.limit, two.refused], [1, ['user_concurrency']])
    // It may have asked once more before its deadline, and until that is answered nobody else of this process asks: the next would wait for it first.
    await two.limiter.request(alice)
    const abort = new AbortController()
    const gone = call(two.limiter, alice, undefined, Infinity, abort.signal)
    await two.limiter.request(alice)
    abort.abort()
    assert.equal((await gone).admitted, false)
    assert.deepEqual([two.refused.length, two.waits], [1, ['deadline', 'aborted']], 'who went away by themselves was not refused')
    const closing = call(two.limiter, alice)
    await two.limiter.request(alice)
    two.limiter.close()
    assert.equal((await closing).admitted, false)
    first.release()
    for (let sent = 0; sent < 2; sent++) (await admitted(one.limiter, alice)).release()
    assert.equal(outcomeOf(await call(one.limiter, alice)), 'user_calls')
    await until('all slots are given back', async () => await redis.cli('EXISTS', 'db:{t:acme}:slots:user:alice') === '0')
  })

  it('nothing is counted twice or lost among thousands of calls that come, wait and go', async (t) => {
    const { replicas, redis } = await sharedLimiters(t, { count: 3, settings: { limits: limits({ concurrentCalls: 3, callsPerMinute: 1e9 }), tenants: acme({ concurrentCalls: 5 }) } })
    const running = new Map<string, number>()
    let most = 0
    let total = 0
    const work = Array.from({ length: 60 }, async (_, at) => {
      const user = `user-${at % 3}`
      const { limiter } = replicas[at % 2 === 0 ? 0 : at % 3] ?? assert.fail()
      for (let done = 0; done < 20; done++) {
        const grant = await admitted(limiter, caller(user))
        const now = (running.get(user) ?? 0) + 1
        running.set(user, now)
        most = Math.max(most, ++total)
        assert.ok(now <= 3, `${now} of one user`)
        await new Promise(setImmediate)
        running.set(user, (running.get(user) ?? 0) - 1)
        total--
        grant.release()
      }
    })
    await Promise.all(work)
    assert.equal(most, 5)
    await until('all slots are given back', async () => await redis.cli('EXISTS', 'db:{t:acme}:slots:tenant:-', 'db:{t:acme}:slots:user:user-0') === '0')
  })

  it('what a replica holds is known again after FLUSHALL, and scripts come back (FR23)', async (t) => {
    const { replicas: [one, two], redis } = await sharedLimiters(t, { settings: { limits: limits({ concurrentCalls: 1 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    const held = await admitted(one.limiter, alice)
    await redis.cli('FLUSHALL')
    await redis.cli('SCRIPT', 'FLUSH')
    await until('it has said again what it holds', async () => await redis.cli('EXISTS', 'db:{t:acme}:slots:user:alice') === '1')
    assert.equal(outcomeOf(await call(two.limiter, alice, undefined, systemClock.nowMs() + 1000)), 'user_concurrency')
    held.release()
    await admitted(two.limiter, alice)
    assert.deepEqual([one.unanswered(), two.unanswered()], [0, 0])
  })
})
