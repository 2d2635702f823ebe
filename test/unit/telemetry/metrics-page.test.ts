import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { aggregatorOf, type Aggregator } from '../../../src/telemetry/across-processes.ts'
import { METRICS, METRIC_PREFIX, type MetricName } from '../../../src/telemetry/index.ts'
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

test('METRICS.md names all whose values of several processes are not added up', () => {
  const written = (aggregator: Aggregator): string[] => (Object.keys(METRICS) as MetricName[]).filter((name) => aggregatorOf(name) === aggregator).sort()
  const named = (sentence: RegExp): string[] => [...(sentence.exec(page)?.[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '').sort()
  assert.deepEqual(named(/Of these the highest counts:([^.]+)\./), written('max'))
  assert.deepEqual(named(/Of these the lowest:([^.]+)\./), written('min'))
})
