import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryLimiter } from '../../../src/limits/index.ts'
import type { CallGrant, LocalLimiter } from '../../../src/limits/index.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import { periodAt, periodEndMs } from '../../../src/limits/calendar.ts'
import { acme, caller, fs, limits, testClock, tools } from './callers.ts'

function call (limiter: LocalLimiter, principal: Principal): CallGrant {
  const grant = limiter.call(principal, fs, undefined, Infinity)
  assert.ok(!(grant instanceof Promise))
  if (grant.admitted) grant.release()
  return grant
}

const outcome = (grant: CallGrant): string => grant.admitted ? 'admitted' : grant.refusal.name

describe('quotas', () => {
  it('of a user end with the day, and Retry-After says when that is', () => {
    // 22:13:20 UTC: 6 400 s until midnight.
    const clock = { ...testClock(), wallMs: () => wallMs }
    let wallMs = 1_700_000_000_000
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 100, callsPerDay: 2 }), undefined, tools(), { clock })
    const [alice, bob] = [caller('alice'), caller('bob')]
    assert.deepEqual([call(limiter, alice), call(limiter, alice)].map(outcome), ['admitted', 'admitted'])
    const refused = call(limiter, alice)
    assert.deepEqual(refused, { admitted: false, refusal: { name: 'user_calls_day', code: 'GW_LIMIT_RATE', window: { limit: 2, remaining: 0, resetS: 6400 }, retryAfterS: 6400 } })
    assert.equal(outcome(call(limiter, bob)), 'admitted', 'another user has a quota of their own')
    wallMs += 6_399_999
    assert.equal(outcome(call(limiter, alice)), 'user_calls_day')
    wallMs += 1
    assert.equal(outcome(call(limiter, alice)), 'admitted')
  })

  it('of a tenant are shared by its users, and the longest that is used up is named', () => {
    const limiter = createMemoryLimiter(limits({ callsPerDay: 1 }), acme({ callsPerMonth: 2 }), tools(), { clock: testClock() })
    assert.equal(outcome(call(limiter, caller('alice'))), 'admitted')
    assert.equal(outcome(call(limiter, caller('alice'))), 'user_calls_day')
    assert.equal(outcome(call(limiter, caller('bob'))), 'admitted')
    assert.equal(outcome(call(limiter, caller('carol'))), 'tenant_calls_month')
    assert.equal(outcome(call(limiter, caller('alice'))), 'tenant_calls_month')
    assert.equal(outcome(call(limiter, caller('zoe', { tenant: 'globex' }))), 'admitted')
  })

  it('are the tightest window where least is left of them', () => {
    const limiter = createMemoryLimiter(limits({ callsPerMinute: 3, callsPerDay: 3 }), acme({ callsPerDay: 2 }), tools(), { clock: testClock() })
    const grant = call(limiter, caller('alice'))
    assert.ok(grant.admitted)
    assert.deepEqual([grant.window.limit, grant.window.remaining], [2, 1])
  })

  it('are not charged for a call that waited in vain', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1, callsPerDay: 2 }), undefined, tools(), { clock: testClock() })
    const alice = caller('alice')
    const first = limiter.call(alice, fs, undefined, Infinity)
    assert.ok(!(first instanceof Promise) && first.admitted)
    const abort = new AbortController()
    const waiting = limiter.call(alice, fs, undefined, Infinity, abort.signal)
    assert.equal(outcome(call(limiter, alice)), 'user_calls_day', 'the one that waits has its place')
    abort.abort()
    assert.equal((await waiting).admitted, false)
    first.release()
    assert.deepEqual([call(limiter, alice), call(limiter, alice)].map(outcome), ['admitted', 'user_calls_day'])
  })

  it('go by the calendar, UTC, leap years included', () => {
    const at = (text: string): number => Date.parse(text)
    assert.equal(periodEndMs('month', at('2028-02-29T12:00:00Z')), at('2028-03-01T00:00:00Z'))
    assert.equal(periodEndMs('month', at('2026-12-31T23:59:59.999Z')), at('2027-01-01T00:00:00Z'))
    assert.equal(periodEndMs('day', at('2026-12-31T23:59:59.999Z')), at('2027-01-01T00:00:00Z'))
    assert.notEqual(periodAt('month', at('2026-01-15T00:00:00Z')), periodAt('month', at('2027-01-15T00:00:00Z')))
    assert.notEqual(periodAt('day', at('2026-01-15T23:59:59Z')), periodAt('day', at('2026-01-16T00:00:00Z')))
  })
})
