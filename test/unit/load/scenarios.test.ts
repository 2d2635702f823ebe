import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { callsOf } from '../../../load/calls.ts'
import { SCENARIOS, scenarioOf, usersAt } from '../../../load/scenarios.ts'

/** `1 000` as the pages write it. */
const withoutSpaces = (text = ''): number => Number(text.replaceAll(' ', ''))

describe('scenarios', () => {
  it('are the four that were asked for: so many users, growing and shrinking so, for so long, with these limits', () => {
    const shapes = Object.entries(SCENARIOS).map(([name, { startUsers, stages, pauseMs, thresholds: { p95Ms, errorShare, doneShare } }]) => [name, `${startUsers}${stages.map(({ users, seconds }) => ` > ${users} in ${seconds} s`).join('')}`, pauseMs, p95Ms, errorShare, doneShare])
    assert.deepEqual(shapes, [
      ['smoke', '1 > 1 in 10 s', 200, 1000, 0, 1],
      ['users50', '50 > 50 in 30 s', 1000, 500, 0.001, 0.999],
      ['spike', '5 > 5 in 10 s > 200 in 5 s > 200 in 20 s > 5 in 5 s > 5 in 10 s', 1000, 2000, 0.01, 0.99],
      ['soak', '20 > 20 in 3600 s', 1000, 500, 0.0001, 0.999]
    ])
  })

  it('stand in docs/operations/load.md with the same limits', () => {
    const page = readFileSync(new URL('../../../docs/operations/load.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+)\D.*\| (?:1 h|(\d+) s).*\| ([\d ]+) ms \| (none|1 in [\d ]+) \|$/gm)].map(([, name, users, seconds, p95, share]) => [name, Number(users), Number(seconds ?? 3600), withoutSpaces(p95), share === 'none' ? 0 : 1 / withoutSpaces(share?.slice(5))])
    assert.deepEqual(rows, Object.entries(SCENARIOS).map(([name, { startUsers, stages, thresholds }]) => [name, startUsers, stages.reduce((sum, { seconds }) => sum + seconds, 0), thresholds.p95Ms, thresholds.errorShare]))
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
