import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chartOf } from '../../../bench/report/chart.ts'
import type { Cell } from '../../../bench/rows/row.ts'
import { slopePerHour } from '../../../bench/soak/slope.ts'

const cell = (row: string, target: string, figures: Record<string, number>): Cell =>
  ({ row, target, backend: 'echo', sessions: 1, users: 1, children: 'shared', samples: [figures], median: figures })

describe('chart of the benchmarks', () => {
  it('has a panel per row that was measured for two targets, best first, and bars in proportion', () => {
    const svg = chartOf([
      cell('s100c64', 'mcp-proxy', { callsPerSecond: 2000 }),
      cell('s100c64', 'drawbridge-shared', { callsPerSecond: 20_000 }),
      cell('1MiB', 'drawbridge-shared', { callsPerSecond: 100 })
    ], [])
    assert.equal(svg.match(/font-size="14"/g)?.length, 1)
    assert.ok(svg.indexOf('>drawbridge-shared<') < svg.indexOf('>mcp-proxy<'))
    const widths = [...svg.matchAll(/width="([\d.]+)" height="16"/g)].map(([, width]) => Number(width))
    assert.equal(widths.length, 2)
    assert.ok(Math.abs((widths[0] ?? 0) / (widths[1] ?? 1) - 10) < 0.1)
  })
})

describe('growth of a soak', () => {
  it('is the slope per hour, whatever the noise around it', () => {
    const hour = 3_600_000
    assert.ok(Math.abs(slopePerHour([[0, 5], [hour, 7], [2 * hour, 9]]) - 2) < 1e-9)
    assert.equal(slopePerHour([[0, 5], [hour, 6], [2 * hour, 5]]), 0)
  })
})
