/** Limiters of several replicas on one real Redis: what they admit together. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { acme, caller, limits, tenantsWith, tools } from '../limits/callers.ts'
import { admitted, call, outcomeOf, sharedLimiters } from './shared-limiters.ts'

describe('limits of all replicas', () => {
  for (const apart of [false, true]) {
    it(`400 parallel calls at limit 100 over two replicas admit exactly 100${apart ? ', each tenant in messages of its own' : ''} (rulings 3)`, async (t) => {
      const { replicas, redis } = await sharedLimiters(t, { apart, settings: { limits: limits({ callsPerMinute: 100, concurrentCalls: 1000 }), tenants: tenantsWith({ acme: { callsPerMinute: 100 }, globex: { callsPerMinute: 100 } }) } })
      const [alice, bob, zoe] = [caller('alice'), caller('bob'), caller('zoe', { tenant: 'globex' })]
      const grants = await Promise.all(Array.from({ length: 400 }, async (_, sent) => {
        const { limiter } = replicas[sent % 2] ?? assert.fail()
        const [first] = await Promise.all([call(limiter, alice), call(limiter, zoe)])
        return first
      }))
      assert.equal(grants.filter((grant) => grant.admitted).length, 100)
      const refused = grants.find((grant) => !grant.admitted)
      assert.ok(refused?.admitted === false)
      const { name, code, window, retryAfterS } = refused.refusal
      assert.deepEqual([name, code, window.limit, window.remaining], ['user_calls', 'GW_LIMIT_RATE', 100, 0])
      assert.ok(retryAfterS >= 55 && retryAfterS <= 61, `${retryAfterS} s`)
      assert.equal(window.resetS, retryAfterS)
      assert.equal(outcomeOf(await call(replicas[0]?.limiter ?? assert.fail(), bob)), 'tenant_calls', 'what was refused was not charged to the tenant, what was admitted was')
      const ended = await redis.cli('EVAL', "local n = 0 for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', key) < 0 then n = n + 1 end end return n", '0')
      assert.equal(ended, '0', 'every key has an end (FR25)')
    })
  }

  it('of a key, a tool and a tenant hold over replicas, each under its own name', async (t) => {
    const { replicas: [one, two] } = await sharedLimiters(t, { settings: { limits: limits({ callsPerMinute: 3 }), tenants: acme({ callsPerMinute: 6 }), servers: tools({ slow: 1 }) } })
    assert.ok(one && two)
    const key = caller('alice', { key: { id: 'k1', callsPerMinute: 2 } })
    assert.equal(outcomeOf(await call(one.limiter, key, 'slow')), 'admitted')
    assert.equal(outcomeOf(await call(two.limiter, caller('bob'), 'slow')), 'tool_calls')
    assert.equal(outcomeOf(await call(two.limiter, key)), 'admitted')
    assert.equal(outcomeOf(await call(one.limiter, key)), 'key_calls')
    assert.equal(outcomeOf(await call(one.limiter, caller('alice'))), 'admitted')
    assert.equal(outcomeOf(await call(two.limiter, caller('alice'))), 'user_calls', 'what came with the key counts for the user too')
    for (const { limiter } of [two, one, two]) assert.equal(outcomeOf(await call(limiter, caller('carol'))), 'admitted')
    assert.equal(outcomeOf(await call(one.limiter, caller('dave'))), 'tenant_calls')
  })

  it('of requests and of what opens sessions', async (t) => {
    const { replicas: [one, two] } = await sharedLimiters(t, { settings: { limits: limits({ requestsPerMinute: 3, initializePerMinute: 1 }) } })
    assert.ok(one && two)
    const alice = caller('alice')
    const initialized = await one.limiter.initialize(alice)
    assert.ok(initialized.admitted)
    assert.equal(initialized.window.remaining, 0)
    const again = await two.limiter.initialize(alice)
    assert.ok(!again.admitted && again.refusal.name === 'user_initialize')
    const requests = []
    for (const { limiter } of [two, one, two]) requests.push(await limiter.request(alice))
    assert.deepEqual(requests.map((decision) => decision.admitted), [true, true, false])
    assert.deepEqual(one.decidedBy.concat(two.decidedBy), Array.from({ length: 5 }, () => 'replicas'))
  })

  it('of the day are shared, with Retry-After to the next', async (t) => {
    const { replicas: [one, two] } = await sharedLimiters(t, { settings: { limits: limits({ callsPerDay: 2 }), tenants: acme({ callsPerMonth: 3 }) } })
    assert.ok(one && two)
    for (const { limiter } of [one, two]) assert.equal(outcomeOf(await call(limiter, caller('alice'))), 'admitted')
    const refused = await call(one.limiter, caller('alice'))
    assert.ok(!refused.admitted && refused.refusal.name === 'user_calls_day')
    const untilMidnightS = 86_400 - Date.now() / 1000 % 86_400
    assert.ok(Math.abs(refused.refusal.retryAfterS - untilMidnightS) < 30, `${refused.refusal.retryAfterS} s, and ${untilMidnightS} until midnight`)
    assert.equal(outcomeOf(await call(two.limiter, caller('bob'))), 'admitted')
    assert.equal(outcomeOf(await call(two.limiter, caller('carol'))), 'tenant_calls_month')
  })

  it('are those of the newest configuration, for what was counted before', async (t) => {
    const { replicas: [one] } = await sharedLimiters(t, { count: 1, settings: { limits: limits({ callsPerMinute: 1 }) } })
    assert.ok(one)
    const alice = caller('alice')
    assert.deepEqual([outcomeOf(await call(one.limiter, alice)), outcomeOf(await call(one.limiter, alice))], ['admitted', 'user_calls'])
    one.limiter.configure({ limits: limits({ callsPerMinute: 2 }), servers: tools() })
    assert.deepEqual([outcomeOf(await call(one.limiter, alice)), outcomeOf(await call(one.limiter, alice))], ['admitted', 'user_calls'])
  })

  it('do not go by the clock of a gateway: one that is an hour off counts like the others (FR36)', async (t) => {
    let offMs = 0
    const clock = { nowMs: () => performance.now() + offMs, wallMs: () => Date.now() + offMs }
    const scene = await sharedLimiters(t, { count: 1, settings: { limits: limits({ callsPerMinute: 2 }) } })
    const { replicas: [wrong] } = await sharedLimiters(t, { count: 1, redis: scene.redis, parts: { clock }, settings: { limits: limits({ callsPerMinute: 2 }) } })
    const right = scene.replicas[0]
    assert.ok(right && wrong)
    const alice = caller('alice')
    offMs = 3_600_000
    assert.equal(outcomeOf(await call(wrong.limiter, alice)), 'admitted')
    offMs = -3_600_000
    assert.equal(outcomeOf(await call(right.limiter, alice)), 'admitted')
    for (const { limiter } of [wrong, right]) assert.equal(outcomeOf(await call(limiter, alice)), 'user_calls')
  })

  it('cost one round trip for all that is asked in a turn, and none to give back', async (t) => {
    const { replicas: [one], redis } = await sharedLimiters(t, { count: 1, settings: { limits: limits({ concurrentCalls: 40 }), tenants: acme({ concurrentCalls: 40, callsPerMinute: 100 }) } })
    assert.ok(one)
    const commands = async (): Promise<number> => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0)
    await admitted(one.limiter, caller('alice'))
    const before = await commands()
    const grants = await Promise.all(Array.from({ length: 30 }, async (_, at) => await admitted(one.limiter, caller(`user-${at % 5}`))))
    assert.equal(await commands(), before + 1)
    for (const grant of grants) grant.release()
    await admitted(one.limiter, caller('alice'))
    assert.equal(await commands(), before + 2)
  })
})
