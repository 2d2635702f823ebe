import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fullJitterMs, RetryBudget } from '../../../src/resilience/index.ts'

describe('retry budget (FR11)', () => {
  it('when everything fails, retries are a tenth of the load and a few that were saved up', () => {
    const clock = { ms: 0 }
    const budget = new RetryBudget(10, () => clock.ms)
    let retries = 0
    // 200 requests a second for 10 s, all of which want to be retried twice.
    for (let n = 0; n < 2000; n++) {
      clock.ms += 5
      budget.earn()
      if (budget.spend()) retries++
      if (budget.spend()) retries++
    }
    assert.ok(retries >= 200 && retries <= 20 + 200 + 10, `${retries} retries of 2000 requests`)
  })

  it('a server that is called now and then has one a second, and no more than twenty are saved up', () => {
    const clock = { ms: 0 }
    const budget = new RetryBudget(10, () => clock.ms)
    const spent = (): number => {
      let count = 0
      while (budget.spend()) count++
      return count
    }
    assert.equal(spent(), 20)
    clock.ms += 2500
    assert.equal(spent(), 2)
    clock.ms += 3_600_000
    for (let n = 0; n < 10_000; n++) budget.earn()
    assert.equal(spent(), 20)
  })
})

describe('full jitter', () => {
  it('is between nothing and a step that doubles up to the maximum', () => {
    assert.deepEqual([0, 1, 2, 9].map((attempt) => fullJitterMs(attempt, 100, 1000, () => 0.5)), [50, 100, 200, 500])
    assert.equal(fullJitterMs(3, 100, 1000, () => 0), 0)
  })
})
