import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createStartBackoff } from '../../../src/upstream/start-backoff.ts'
import type { StartBackoff } from '../../../src/upstream/start-backoff.ts'
import { testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'

function start (random: () => number): { backoff: StartBackoff, clock: TestClock } {
  const clock = testClock()
  return { clock, backoff: createStartBackoff(clock.nowMs, random) }
}

/** Fails so often, each time as soon as it may, and says how long each wait was. */
function waits ({ backoff, clock }: ReturnType<typeof start>, count: number): number[] {
  return Array.from({ length: count }, () => {
    backoff.startFailed('k')
    const waitMs = backoff.waitMs('k')
    clock.advance(waitMs)
    assert.equal(backoff.waitMs('k'), 0)
    return waitMs
  })
}

describe('back-off of failed starts (FR04)', () => {
  it('doubles from half a second to half a minute, with full jitter', () => {
    assert.deepEqual(waits(start(() => 1), 9), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    assert.deepEqual(waits(start(() => 0.5), 3), [250, 500, 1000])
  })

  it('after five failures waits at least half of each step', () => {
    assert.deepEqual(waits(start(() => 0), 7), [0, 0, 0, 0, 0, 8000, 15_000])
  })

  it('forgets after a success, and after a minute without failure', () => {
    const { backoff, clock } = start(() => 1)
    backoff.startFailed('k')
    backoff.started('k')
    assert.equal(backoff.waitMs('k'), 0)
    for (let count = 0; count < 3; count++) backoff.startFailed('k')
    clock.advance(60_000)
    backoff.startFailed('k')
    assert.equal(backoff.waitMs('k'), 500)
  })

  it('keeps keys apart', () => {
    const { backoff } = start(() => 1)
    backoff.startFailed('k')
    assert.deepEqual([backoff.waitMs('k'), backoff.waitMs('other')], [500, 0])
  })
})

describe('crashes of servers that had started', () => {
  it('the first two are free, a loop is slowed, although each start succeeds', () => {
    const { backoff } = start(() => 1)
    const waited = Array.from({ length: 4 }, () => {
      backoff.crashed('k')
      const waitMs = backoff.waitMs('k')
      backoff.started('k')
      return waitMs
    })
    assert.deepEqual(waited, [0, 0, 500, 1000])
  })

  it('are forgotten after a minute', () => {
    const { backoff, clock } = start(() => 1)
    for (let count = 0; count < 3; count++) backoff.crashed('k')
    clock.advance(60_000)
    backoff.crashed('k')
    assert.equal(backoff.waitMs('k'), 0)
  })
})
