import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callsOf } from '../../../load/calls.ts'
import { SCENARIOS, scenarioOf, usersAt } from '../../../load/scenarios.ts'

describe('scenarios', () => {
  it('are the four that were asked for; 50 users for 30 s are answered within 500 ms', () => {
    assert.deepEqual(Object.keys(SCENARIOS), ['smoke', 'users50', 'spike', 'soak'])
    const { startUsers, stages, thresholds } = scenarioOf('users50')
    assert.deepEqual([startUsers, stages, thresholds.p95Ms], [50, [{ users: 50, seconds: 30 }], 500])
  })

  it('grow and shrink evenly, and end', () => {
    const stages = [{ users: 10, seconds: 10 }, { users: 10, seconds: 5 }, { users: 0, seconds: 5 }]
    const at = (seconds: number): number | undefined => usersAt({ startUsers: 0, stages }, seconds)
    assert.deepEqual([at(0), at(5), at(10), at(14.9), at(17.5), at(20)], [0, 5, 10, 10, 5, undefined])
  })

  it('are changed as a whole: users at the height, the longest stage, the limit', () => {
    const spike = scenarioOf('spike', { users: 20, seconds: 60, p95Ms: 9 })
    assert.deepEqual([spike.startUsers, spike.thresholds.p95Ms], [1, 9])
    assert.deepEqual(spike.stages, [{ users: 1, seconds: 10 }, { users: 20, seconds: 5 }, { users: 20, seconds: 60 }, { users: 1, seconds: 5 }, { users: 1, seconds: 10 }])
    assert.equal(SCENARIOS['spike']?.thresholds.p95Ms, 2000)
  })

  it('one that is not there is named with those that are', () => {
    assert.throws(() => scenarioOf('storm'), /no scenario storm: there are smoke, users50/)
  })
})

describe('--calls', () => {
  it('takes a list, with arguments or without', () => {
    assert.deepEqual(callsOf('[{"server":"a","tool":"b"}]'), [{ server: 'a', tool: 'b', arguments: {} }])
  })

  for (const text of ['{}', '[]', '[{"server":"a"}]', '[null]', JSON.stringify(Array.from({ length: 21 }, () => ({ server: 'a', tool: 'b' })))]) {
    it(`refuses ${text.slice(0, 20)}`, () => { assert.throws(() => callsOf(text), /call/) })
  }
})
