import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdict } from '../../../bench/report/print-report.ts'
import { ratiosOf, type Ratio } from '../../../bench/report/ratios.ts'
import type { Cell } from '../../../bench/rows/row.ts'
import type { Target } from '../../../bench/targets/target.ts'

const target = (id: string, family: Target['family']): Target =>
  ({ id, family, label: id, children: 'shared', users: 0, maxSessions: 1000, start: () => Promise.reject(new Error('not started here')) })
const targets = [target('drawbridge-shared', 'drawbridge'), target('mcp-proxy', 'mcp-proxy')]
const cell = (id: string, callsPerSecond: readonly number[]): Cell => {
  const samples = callsPerSecond.map((value) => ({ callsPerSecond: value }))
  return { row: 's100c64', target: id, backend: 'echo', sessions: 100, users: 0, children: 'shared', samples, median: samples[0] ?? {} }
}

test('a ratio is the median of the ratios within rounds, so a slow round of both costs nothing', () => {
  const [ratio] = ratiosOf([cell('drawbridge-shared', [700, 70, 800]), cell('mcp-proxy', [100, 10, 100])], targets)
  assert.equal(ratio?.value, 7)
  assert.deepEqual([ratio?.gate, ratio?.aim, ratio && verdict(ratio)], [6, 8, 'gate'])
})

test('a rival without one right answer gives no ratio', () => {
  assert.deepEqual(ratiosOf([cell('drawbridge-shared', [700]), cell('mcp-proxy', [0])], targets), [])
})

test('the verdict names a missed gate, in both directions', () => {
  const ratio = (value: number, better: Ratio['better']): Ratio => ({ row: '', what: '', ours: '', against: '', value, unit: 'x', better, gate: 2, aim: better === 'up' ? 3 : 1 })
  assert.deepEqual([1.9, 2, 3].map((value) => verdict(ratio(value, 'up'))), ['MISSED', 'gate', 'aim'])
  assert.deepEqual([2.1, 2, 1].map((value) => verdict(ratio(value, 'down'))), ['MISSED', 'gate', 'aim'])
})
