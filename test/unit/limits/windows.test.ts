import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryLimiter } from '../../../src/limits/index.ts'
import type { CallGrant, Limiter, LimitName } from '../../../src/limits/index.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import { acme, caller, fs, limits, testClock, tools } from './callers.ts'

const refusedBy = (grant: CallGrant): LimitName | 'admitted' => grant.admitted ? 'admitted' : grant.refusal.name

/** A call that ends at once; these limiters have slots enough, so the answer is there in the same turn. */
function call (limiter: Limiter, principal: Principal, tool?: string): CallGrant {
  const grant = limiter.call(principal, fs, tool, Infinity)
  assert.ok(!(grant instanceof Promise), 'decided in the same turn')
  if (grant.admitted) grant.release()
  return grant
}

function times (count: number, limiter: Limiter, principal: Principal, tool?: string): LimitName | 'admitted' {
  let last: LimitName | 'admitted' = 'admitted'
  for (let i = 0; i < count; i++) last = refusedBy(call(limiter, principal, tool))
  return last
}

describe('windows of calls', () => {
  it('admits exactly 100 of 400 parallel calls at limit 100, the waiting ones included (T55)', async () => {
    const clock = testClock()
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 7 }), undefined, tools(), { clock })
    const alice = caller('alice')
    let admitted = 0
    let refused = 0
    await Promise.all(Array.from({ length: 400 }, async () => {
      const grant = await limiter.call(alice, fs, 'read', Infinity)
      if (!grant.admitted) {
        assert.equal(grant.refusal.code, 'GW_LIMIT_RATE')
        refused++
        return
      }
      admitted++
      await Promise.resolve()
      grant.release()
    }))
    assert.deepEqual({ admitted, refused }, { admitted: 100, refused: 300 })
    clock.advance(59_999)
    assert.equal(refusedBy(call(limiter, alice)), 'user_calls')
    clock.advance(1)
    assert.equal(refusedBy(call(limiter, alice)), 'admitted')
  })

  it('slides: 50 at 0 s and 50 at 30 s leave 50 places at 60 s', () => {
    const clock = testClock()
    const limiter = createMemoryLimiter(limits(), undefined, tools(), { clock })
    const alice = caller('alice')
    times(50, limiter, alice)
    clock.advance(30_000)
    times(50, limiter, alice)
    clock.advance(30_000)
    assert.equal(times(50, limiter, alice), 'admitted')
    assert.equal(times(1, limiter, alice), 'user_calls')
  })

  it('counts a user over all their principals, and apart from other users and tenants', () => {
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 2 }), undefined, tools(), { clock: testClock() })
    assert.equal(times(1, limiter, caller('alice')), 'admitted')
    assert.equal(times(2, limiter, caller('alice')), 'user_calls')
    assert.equal(times(2, limiter, caller('bob')), 'admitted')
    assert.equal(times(2, limiter, caller('alice', { tenant: 'globex' })), 'admitted')
  })

  it('charges nobody when one window refuses', () => {
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 5 }), acme({ callsPerMinute: 6 }), tools({ slow: 1 }), { clock: testClock() })
    const alice = caller('alice')
    assert.equal(times(1, limiter, alice, 'slow'), 'admitted')
    assert.equal(times(20, limiter, alice, 'slow'), 'tool_calls')
    assert.equal(times(4, limiter, alice, 'other'), 'admitted', 'the twenty refusals took no place of the user')
    assert.equal(times(20, limiter, alice, 'other'), 'user_calls')
    assert.equal(times(1, limiter, caller('bob')), 'admitted', 'nor of the tenant')
    assert.equal(times(1, limiter, caller('bob')), 'tenant_calls')
  })

  it('limits a tool per tenant, over all its users, and only that tool', () => {
    const limiter = createMemoryLimiter(limits(), undefined, tools({ slow: 2, constructor: 100 }), { clock: testClock() })
    times(1, limiter, caller('alice'), 'slow')
    times(1, limiter, caller('bob'), 'slow')
    assert.equal(times(1, limiter, caller('alice'), 'slow'), 'tool_calls')
    assert.equal(times(2, limiter, caller('zoe', { tenant: 'globex' }), 'slow'), 'admitted')
    assert.equal(times(10, limiter, caller('alice'), 'toString'), 'admitted')
  })

  it('holds a key to its own limit, lower or higher than the user default, and keys do not add up', () => {
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 10 }), undefined, tools(), { clock: testClock() })
    const low = caller('alice', { key: { id: 'low', callsPerMinute: 3 } })
    assert.equal(times(3, limiter, low), 'admitted')
    assert.equal(times(1, limiter, low), 'key_calls')
    const high = caller('bob', { key: { id: 'high', callsPerMinute: 25 } })
    const second = caller('bob', { key: { id: 'second', callsPerMinute: 25 } })
    assert.equal(times(20, limiter, high), 'admitted')
    assert.equal(times(5, limiter, second), 'admitted')
    assert.equal(times(1, limiter, second), 'user_calls')
    assert.equal(times(1, limiter, caller('bob')), 'user_calls', 'without the key the default holds')
  })

  it('refuses everything at limit 0', () => {
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 0 }), undefined, tools(), { clock: testClock() })
    const grant = call(limiter, caller('alice'))
    assert.ok(!grant.admitted)
    assert.deepEqual(grant.refusal, { name: 'user_calls', code: 'GW_LIMIT_RATE', window: { limit: 0, remaining: 0, resetS: 60 }, retryAfterS: 60 })
  })
})

describe('what the answer says', () => {
  it('names the tightest window', () => {
    const clock = testClock()
    const limiter = createMemoryLimiter(limits(), acme({ callsPerMinute: 3 }), tools(), { clock })
    const first = call(limiter, caller('alice'))
    assert.ok(first.admitted)
    assert.deepEqual(first.window, { limit: 3, remaining: 2, resetS: 60 })
    clock.advance(20_500)
    times(2, limiter, caller('alice'))
    const refused = call(limiter, caller('bob'))
    assert.ok(!refused.admitted)
    assert.deepEqual(refused.refusal.window, { limit: 3, remaining: 0, resetS: 40 })
    assert.equal(refused.refusal.retryAfterS, 40)
  })

  it('names the tightest window, also when it is not the widest', () => {
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 4 }), acme({ callsPerMinute: 6 }), tools({ slow: 5 }), { clock: testClock() })
    const grant = call(limiter, caller('alice'), 'slow')
    assert.ok(grant.admitted)
    assert.deepEqual(grant.window, { limit: 4, remaining: 3, resetS: 60 })
    times(2, limiter, caller('bob'))
    times(2, limiter, caller('carol'))
    const next = call(limiter, caller('alice'), 'slow')
    assert.ok(next.admitted)
    assert.deepEqual(next.window, { limit: 6, remaining: 0, resetS: 60 })
  })

  it('says a time after which the call is admitted, also when two windows are full', () => {
    const clock = testClock()
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 2 }), undefined, tools({ slow: 1 }), { clock })
    const alice = caller('alice')
    times(1, limiter, alice, 'other')
    clock.advance(10_000)
    times(1, limiter, alice, 'slow')
    const refused = call(limiter, alice, 'slow')
    assert.ok(!refused.admitted)
    assert.equal(refused.refusal.name, 'tool_calls')
    clock.advance(refused.refusal.retryAfterS * 1000)
    assert.equal(times(1, limiter, alice, 'slow'), 'admitted')
  })

  it('tells telemetry each refusal by limit', () => {
    const refused: LimitName[] = []
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 1, requestsPerMinute: 2, initializePerMinute: 1 }), undefined, tools(), {
      clock: testClock(), events: { refused: (name) => refused.push(name), waited () {} }
    })
    times(2, limiter, caller('alice'))
    limiter.initialize(caller('alice'))
    limiter.initialize(caller('alice'))
    limiter.request(caller('alice'))
    limiter.request(caller('alice'))
    assert.deepEqual(refused, ['user_calls', 'user_initialize', 'user_requests'])
  })
})

describe('other windows', () => {
  it('counts calls apart from requests, and what opens a session as a request and as an initialize, both or neither', () => {
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 1, requestsPerMinute: 3, initializePerMinute: 1 }), undefined, tools(), { clock: testClock() })
    const [alice, bob] = [caller('alice'), caller('bob')]
    assert.equal(times(2, limiter, alice), 'user_calls')
    assert.equal(limiter.initialize(alice).admitted, true)
    assert.equal(limiter.initialize(alice).admitted, false)
    assert.deepEqual(limiter.request(alice), { admitted: true, window: { limit: 3, remaining: 1, resetS: 60 } }, 'the refused one took no place')
    assert.equal(limiter.request(alice).admitted, true)
    assert.equal(limiter.request(alice).admitted, false)
    for (let sent = 0; sent < 3; sent++) limiter.request(bob)
    const refused = limiter.initialize(bob)
    assert.equal(!refused.admitted && refused.refusal.name, 'user_requests')
  })

  it('holds a tenant to its requests', () => {
    const limiter = createMemoryLimiter(limits(), acme({ requestsPerMinute: 2 }), tools(), { clock: testClock() })
    limiter.request(caller('alice'))
    limiter.request(caller('bob'))
    const third = limiter.request(caller('carol'))
    assert.ok(!third.admitted)
    assert.equal(third.refusal.name, 'tenant_requests')
    assert.equal(limiter.request(caller('zoe', { tenant: 'globex' })).admitted, true)
  })
})
