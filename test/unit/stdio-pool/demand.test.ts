import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createDemand } from '../../../src/stdio-pool/index.ts'
import { testClock } from '../limits/callers.ts'

suite('how many spares are wanted', () => {
  test('the least, as long as nobody comes', () => {
    const demand = createDemand(testClock().nowMs)
    demand.started(250)
    assert.deepEqual([0, 1, 3].map((least) => demand.wanted(least)), [0, 1, 3])
  })

  test('as many as arrive while one is made, and a margin', () => {
    const clock = testClock()
    const demand = createDemand(clock.nowMs)
    demand.started(1000)
    // Ten a second for a minute.
    for (let arrival = 0; arrival < 600; arrival++) {
      demand.arrived()
      clock.advance(100)
    }
    // 10 + 2 * sqrt(10) = 16.3
    assert.ok(Math.abs(demand.wanted(1) - 17) <= 1, String(demand.wanted(1)))
  })

  test('more of slow servers than of fast ones', () => {
    const clock = testClock()
    const [slow, fast] = [createDemand(clock.nowMs), createDemand(clock.nowMs)]
    slow.started(5000)
    fast.started(50)
    for (const demand of [slow, fast]) for (let arrival = 0; arrival < 10; arrival++) demand.arrived()
    assert.ok(slow.wanted(1) > 10)
    assert.ok(fast.wanted(1) <= 1)
  })

  test('falls slowly, and ends at the least', () => {
    const clock = testClock()
    const demand = createDemand(clock.nowMs)
    demand.started(1000)
    for (let arrival = 0; arrival < 600; arrival++) {
      demand.arrived()
      clock.advance(100)
    }
    const high = demand.wanted(1)
    clock.advance(30_000)
    const later = demand.wanted(1)
    assert.ok(later > high / 3 && later < high, `${high}, then ${later}`)
    clock.advance(600_000)
    assert.equal(demand.wanted(1), 1)
  })
})
