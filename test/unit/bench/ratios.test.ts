import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdict } from '../../../bench/report/print-report.ts'
import { ratiosOf, type Ratio } from '../../../bench/report/ratios.ts'
import type { Cell } from '../../../bench/rows/row.ts'
import type { Target } from '../../../bench/targets/target.ts'

const target = (id: string, family: Target['family']): Target =>
  ({ id, family, label: id, children: 'shared', users: 0, maxSessions: 1000, takes: ['stdio'], start: () => Promise.reject(new Error('not started here')) })
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

test('HTTP rows: @fastify/http-proxy and nginx have gates of their own, the latency is that over the server itself', () => {
  const all = [target('drawbridge-shared', 'drawbridge'), target('http-proxy', 'http-proxy'), target('nginx', 'nginx'), target('direct', 'direct')]
  const of = (row: string, id: string, figures: Record<string, number>): Cell => ({ ...cell(id, []), row, samples: [figures], median: figures })
  const ratios = ratiosOf([
    of('http-s100c64', 'drawbridge-shared', { callsPerSecond: 1500, mixups: 0 }),
    of('http-s100c64', 'http-proxy', { callsPerSecond: 1000, mixups: 3 }),
    of('http-s100c64', 'nginx', { callsPerSecond: 3000 }),
    of('http-s1c1', 'drawbridge-shared', { p50Ms: 0.3, mixups: 2 }),
    of('http-s1c1', 'direct', { p50Ms: 0.125 })
  ], all)
  assert.deepEqual(ratios.map(({ row, against, value, gate }) => [row, against, value, gate]), [
    ['http-s100c64', 'http-proxy', 1.5, 1.4], ['http-s100c64', 'nginx', 0.5, 0.37], ['http-s1c1', 'direct', 0.175, 0.2], ['all', '', 2, 0]
  ])
})
