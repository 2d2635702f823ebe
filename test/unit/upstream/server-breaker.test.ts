import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createServerBreaker } from '../../../src/upstream/server-breaker.ts'
import type { ServerBreaker } from '../../../src/upstream/server-breaker.ts'
import { testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'

function start (random = 1): { breaker: ServerBreaker, clock: TestClock } {
  const clock = testClock()
  return { clock, breaker: createServerBreaker(clock.nowMs, () => random) }
}

const fail = (breaker: ServerBreaker, users: readonly number[], server = 's'): void => { for (const user of users) breaker.failed(server, `u${user}`) }
const works = (breaker: ServerBreaker, users: readonly number[]): void => { for (const user of users) breaker.started('s', `u${user}`) }

describe('a server that fails for most of its users (FR04)', () => {
  it('is not started for anybody while open; another server is', () => {
    const { breaker } = start()
    works(breaker, [10, 11, 12])
    fail(breaker, [0, 1, 2])
    assert.equal(breaker.waitMs('s'), 0, 'half of them')
    fail(breaker, [3])
    assert.equal(breaker.waitMs('s'), 2000)
    assert.equal(breaker.waitMs('other'), 0)
  })

  it('stays closed for the failures of few, of a minority, of one often, and of long ago', () => {
    const { breaker, clock } = start()
    fail(breaker, [0, 1, 2])
    assert.equal(breaker.waitMs('s'), 0, 'three might be wrong themselves')
    fail(breaker, [2, 2, 2, 2, 2, 2])
    assert.equal(breaker.waitMs('s'), 0, 'one user is one')
    clock.advance(60_000)
    fail(breaker, [4, 5, 6])
    assert.equal(breaker.waitMs('s'), 0, 'a minute ago was another time')
    works(breaker, [7, 8, 9, 10])
    fail(breaker, [11])
    assert.equal(breaker.waitMs('s'), 0, 'four of eight are not more than half')
  })

  it('on a quiet server four who fail do not shut out newcomers while as many are served well, however long ago they started', () => {
    const { breaker, clock } = start()
    works(breaker, [10, 11, 12, 13])
    clock.advance(3_600_000)
    fail(breaker, [0, 1, 2, 3])
    assert.equal(breaker.waitMs('s'), 0, 'four of eight')
    breaker.ended('s', 'u10')
    fail(breaker, [0])
    assert.equal(breaker.waitMs('s'), 2000, 'four of seven')
  })

  it('a user with several workers counts once, until the last of them has ended; one who fails counts as failing', () => {
    const { breaker, clock } = start()
    works(breaker, [10, 10, 11, 12, 13, 0])
    clock.advance(3_600_000)
    breaker.ended('s', 'u10')
    fail(breaker, [0, 1, 2, 3])
    assert.equal(breaker.waitMs('s'), 0)
    breaker.ended('s', 'u10')
    fail(breaker, [1])
    assert.equal(breaker.waitMs('s'), 2000)
  })

  it('is forgiven when the server is found to work by other means', () => {
    const { breaker } = start()
    fail(breaker, [0, 1, 2, 3])
    breaker.forgive('s')
    assert.equal(breaker.waitMs('s'), 0)
  })

  it('lets one caller probe when its time is over; all others wait for what becomes of it', () => {
    const { breaker, clock } = start()
    fail(breaker, [0, 1, 2, 3])
    clock.advance(2000)
    assert.deepEqual([breaker.waitMs('s'), breaker.waitMs('s'), breaker.waitMs('s')], [0, 1000, 1000])
    works(breaker, [9])
    assert.deepEqual([breaker.waitMs('s'), breaker.waitMs('s')], [0, 0], 'closed')
    fail(breaker, [0])
    assert.equal(breaker.waitMs('s'), 0, 'and what was known is forgotten')
  })

  it('doubles its time with each probe that fails, up to half a minute', () => {
    const { breaker, clock } = start()
    fail(breaker, [0, 1, 2, 3])
    const waits = Array.from({ length: 6 }, () => {
      const waitMs = breaker.waitMs('s')
      clock.advance(waitMs)
      assert.equal(breaker.waitMs('s'), 0)
      fail(breaker, [0])
      return waitMs
    })
    assert.deepEqual(waits, [2000, 4000, 8000, 16_000, 30_000, 30_000])
    assert.equal(start(0).breaker.waitMs('s'), 0)
  })

  it('takes another probe at once for one that could not try, and later for one that is never heard of again', () => {
    const { breaker, clock } = start(0)
    fail(breaker, [0, 1, 2, 3])
    assert.equal(breaker.waitMs('s'), 1500)
    clock.advance(1500)
    assert.equal(breaker.waitMs('s'), 0)
    breaker.withdrawn('s')
    assert.deepEqual([breaker.waitMs('s'), breaker.waitMs('s')], [0, 1000])
    clock.advance(30_000)
    assert.equal(breaker.waitMs('s'), 0)
  })

  it('what fails while it is open, started before, does not prolong it', () => {
    const { breaker, clock } = start()
    fail(breaker, [0, 1, 2, 3])
    clock.advance(1500)
    fail(breaker, [4, 5])
    assert.equal(breaker.waitMs('s'), 500)
  })
})
