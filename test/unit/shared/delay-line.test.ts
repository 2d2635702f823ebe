import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DelayLine, type Delayed } from '../../../src/shared/delay-line.ts'

interface Bench {
  readonly line: DelayLine
  /** Names of what became overdue, in that order. */
  readonly over: string[]
  readonly passes: (ms: number) => void
  readonly waiting: (name: string, then?: () => void) => Delayed
}

/** A line of 100 ms whose clock stands still between two calls of `passes`. */
function bench (t: TestContext): Bench {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = 0
  const over: string[] = []
  return {
    line: new DelayLine(100, () => nowMs),
    over,
    passes: (ms) => {
      nowMs += ms
      t.mock.timers.tick(ms)
    },
    waiting: (name, then) => ({ dueMs: 0, ahead: undefined, behind: undefined, overdue: () => { over.push(name); then?.() } })
  }
}

test('each waits its whole time, in order', (t) => {
  const { line, over, passes, waiting } = bench(t)
  line.add(waiting('a'))
  passes(60)
  line.add(waiting('b'))
  line.add(waiting('c'))
  passes(39)
  assert.deepEqual(over, [])
  passes(1)
  assert.deepEqual(over, ['a'])
  passes(59)
  assert.deepEqual(over, ['a'])
  passes(1)
  assert.deepEqual(over, ['a', 'b', 'c'])
  line.add(waiting('d'))
  passes(99)
  assert.equal(over.length, 3)
  passes(1)
  assert.equal(over.at(-1), 'd')
})

for (const [what, taken, left] of [['the first', 'a', ['b', 'c']], ['one in the middle', 'b', ['a', 'c']], ['the last', 'c', ['a', 'b']]] as const) {
  test(`${what} can leave, and nothing of it is kept`, (t) => {
    const { line, over, passes, waiting } = bench(t)
    const all = { a: waiting('a'), b: waiting('b'), c: waiting('c') }
    for (const one of Object.values(all)) line.add(one)
    line.remove(all[taken])
    line.remove(all[taken])
    assert.deepEqual([all[taken].ahead, all[taken].behind], [undefined, undefined])
    for (const other of Object.values(all)) assert.ok(other.ahead !== all[taken] && other.behind !== all[taken])
    passes(100)
    assert.deepEqual(over, [...left])
  })
}

test('when all have left, the next still waits its whole time', (t) => {
  const { line, over, passes, waiting } = bench(t)
  const gone = waiting('gone')
  line.add(gone)
  passes(50)
  line.remove(gone)
  line.add(waiting('next'))
  passes(99)
  assert.deepEqual(over, [])
  passes(1)
  assert.deepEqual(over, ['next'])
})

test('what is overdue may take others out and put new ones in', (t) => {
  const { line, over, passes, waiting } = bench(t)
  const taken = waiting('taken')
  line.add(waiting('first', () => {
    line.remove(taken)
    line.add(waiting('new'))
  }))
  line.add(taken)
  passes(100)
  assert.deepEqual(over, ['first'])
  passes(100)
  assert.deepEqual(over, ['first', 'new'])
})
