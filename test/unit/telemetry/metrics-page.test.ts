import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { METRICS, METRIC_PREFIX } from '../../../src/telemetry/index.ts'
import { tableOf } from '../../helpers/markdown-table.ts'

const page = readFileSync(new URL('../../../METRICS.md', import.meta.url), 'utf8')

test('METRICS.md and the catalogue say the same, in both directions', () => {
  const documented = tableOf(page, ['metric', 'kind', 'labels', 'what'])
  const written = Object.entries(METRICS).map(([name, row]) => [METRIC_PREFIX + name, row.kind, Object.keys(row.labels).join(', ') || '–', row.help])
  assert.deepEqual(documented, written)
})

test('METRICS.md names no metric that does not exist', () => {
  for (const [name] of page.matchAll(/drawbridge_[a-z_]+/g)) assert.ok(name.slice(METRIC_PREFIX.length) in METRICS, name)
})
