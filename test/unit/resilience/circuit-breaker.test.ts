import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CircuitBreaker, type CircuitOptions, type CircuitState } from '../../../src/resilience/index.ts'

function breakerAt (own: Partial<CircuitOptions> = {}) {
  const clock = { ms: 1000 }
  const states: CircuitState[] = []
  const breaker = new CircuitBreaker({ calls: 20, windowMs: 10_000, failedPercent: 50, openMs: 5000, maxOpenMs: 60_000, nowMs: () => clock.ms, random: () => 0.9999, onState: (state) => { states.push(state) }, ...own })
  return { breaker, clock, states, times: (count: number, what: 'succeeded' | 'failed') => { for (let n = 0; n < count; n++) breaker[what]() } }
}

/** Opens it, and probes that fail as often as said. */
function opened (failedProbes = 0) {
  const parts = breakerAt()
  parts.times(10, 'failed')
  for (let n = 0; n < failedProbes; n++) {
    parts.clock.ms += parts.breaker.openForMs
    assert.equal(parts.breaker.probe(), true)
    parts.breaker.probed(false)
  }
  return parts
}

describe('circuit breaker (FR14)', () => {
  it('opens when half of the newest twenty failed within ten seconds, and not before', () => {
    const { breaker, clock, times } = breakerAt()
    times(9, 'failed')
    assert.deepEqual([breaker.state, breaker.refusedMs()], ['closed', 0])
    clock.ms += 10_001
    times(9, 'failed')
    assert.equal(breaker.state, 'closed', 'the first nine are too long ago')
    times(1, 'failed')
    assert.equal(breaker.state, 'open')
    assert.ok(breaker.refusedMs() > 4900 && breaker.refusedMs() <= 5000)
  })

  it('with more successes than failures it stays closed', () => {
    const { breaker, times } = breakerAt()
    for (let n = 0; n < 1000; n++) {
      times(1, 'failed')
      times(2, 'succeeded')
    }
    assert.equal(breaker.state, 'closed')
  })

  it('while open, outcomes of what was on its way change nothing', () => {
    const { breaker, clock, times } = opened()
    const leftMs = breaker.refusedMs()
    times(50, 'failed')
    times(50, 'succeeded')
    assert.equal(breaker.refusedMs(), leftMs)
    assert.equal(breaker.probe(), false)
    clock.ms += leftMs
    times(50, 'failed')
    assert.equal(breaker.state, 'half_open')
  })

  it('half open it lets no request through and one probe at a time; one that says nothing is given up', () => {
    const { breaker, clock } = opened()
    clock.ms += breaker.openForMs
    assert.deepEqual([breaker.probe(), breaker.probe(), breaker.refusedMs()], [true, false, 1000])
    breaker.withdrawn()
    assert.deepEqual([breaker.probe(), breaker.probe()], [true, false])
    clock.ms += 30_000
    assert.equal(breaker.probe(), true)
  })

  it('each failed probe doubles the time, up to the maximum', () => {
    for (const [failedProbes, ms] of [[0, 5000], [1, 10_000], [2, 20_000], [3, 40_000], [4, 60_000], [9, 60_000]] as const) {
      assert.equal(Math.round(opened(failedProbes).breaker.refusedMs() / 10) * 10, ms)
    }
  })

  it('the time has jitter: from three quarters to the whole', () => {
    const least = breakerAt({ random: () => 0 })
    least.times(10, 'failed')
    assert.equal(least.breaker.refusedMs(), 3750)
  })

  it('after a probe that was answered it lets twice as many through from second to second, then all', () => {
    const { breaker, clock, states } = opened()
    clock.ms += breaker.openForMs
    assert.equal(breaker.probe(), true)
    breaker.probed(true)
    for (const allowed of [20, 40, 80, 160, 320]) {
      const through = Array.from({ length: 1000 }, () => breaker.refusedMs()).filter((ms) => ms === 0)
      assert.equal(through.length, allowed)
      clock.ms += 1000
    }
    assert.ok(Array.from({ length: 1000 }, () => breaker.refusedMs()).every((ms) => ms === 0))
    assert.deepEqual(states, ['open', 'half_open', 'ramp', 'closed'])
  })

  it('failing again in the ramp goes on with the doubled time; once it has held, it begins anew', () => {
    const again = opened(1)
    again.clock.ms += again.breaker.openForMs
    again.breaker.probe()
    again.breaker.probed(true)
    again.times(10, 'failed')
    assert.equal(Math.round(again.breaker.refusedMs() / 10) * 10, 20_000)
    again.clock.ms += again.breaker.openForMs
    again.breaker.probe()
    again.breaker.probed(true)
    again.clock.ms += 5000
    assert.equal(again.breaker.refusedMs(), 0)
    again.times(10, 'failed')
    assert.equal(Math.round(again.breaker.refusedMs() / 10) * 10, 5000)
  })
})
