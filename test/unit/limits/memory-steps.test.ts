import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryLimiter, createMemorySteps } from '../../../src/limits/index.ts'
import { caller, limits, testClock, tools } from './callers.ts'

test('gives up caches at 85 %, sessions at 92 %, requests at 95 % of the fuller of two limits (FR37)', () => {
  let now = { residentBytes: 0, heapBytes: 0 }
  const steps = createMemorySteps({ residentBytes: 1000, heapBytes: 100 }, () => now)
  const at = (residentBytes: number, heapBytes: number): boolean[] => {
    now = { residentBytes, heapBytes }
    steps.look()
    return [steps.noCache, steps.noSessions, steps.full]
  }
  assert.deepEqual(at(849, 84), [false, false, false])
  assert.deepEqual(at(850, 0), [true, false, false])
  assert.deepEqual(at(0, 92), [true, true, false])
  assert.deepEqual(at(950, 10), [true, true, true])
  assert.deepEqual(at(100, 10), [false, false, false])
  now = { residentBytes: 5000, heapBytes: 0 }
  assert.equal(steps.share, 0.1, 'only looking looks')
})

test('without memory for them, sessions are refused without a charge, calls are not', () => {
  let noSessions = true
  const told: string[] = []
  const limiter = createMemoryLimiter(limits({ initializePerMinute: 1 }), undefined, tools(), { clock: testClock(), noSessions: () => noSessions, events: { refused: (name) => told.push(name), waited () {} } })
  const alice = caller('alice')
  for (let count = 0; count < 3; count++) {
    const refused = limiter.initialize(alice)
    assert.ok(!refused.admitted)
    assert.deepEqual([refused.refusal.code, refused.refusal.retryAfterS], ['GW_LIMIT_IN_FLIGHT', 10])
  }
  assert.deepEqual(told, ['memory', 'memory', 'memory'])
  assert.ok(limiter.request(alice).admitted)
  noSessions = false
  assert.ok(limiter.initialize(alice).admitted)
})
