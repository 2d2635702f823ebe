import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AggregatorRegistry, Histogram, Registry, type Gauge } from 'prom-client'
import { BoundHistogram } from '../../../src/telemetry/histogram.ts'

const BOUNDS = [0.001, 0.01, 0.5, 10]
/** On a bound, between two, below all, above all, and a sum that is not round. */
const VALUES = { a: [0.001, 0.0011, 0, 10, 11, 0.1, 0.2, 0.5], b: [3] }

async function both (): Promise<{ readonly own: Registry, readonly theirs: Registry }> {
  const [own, theirs] = [new Registry(), new Registry()]
  const bound = new BoundHistogram('seconds', 'How long.', BOUNDS)
  own.registerMetric(bound as unknown as Gauge)
  const reference = new Histogram({ name: 'seconds', help: 'How long.', labelNames: ['server'], buckets: BOUNDS, registers: [theirs] })
  for (const [server, values] of Object.entries(VALUES)) {
    const [mine, other] = [bound.labels({ server }), reference.labels({ server })]
    for (const value of values) {
      mine.observe(value)
      other.observe(value)
    }
  }
  return { own, theirs }
}

test('it is exposed as prom-client exposes its own', async () => {
  const { own, theirs } = await both()
  assert.equal(await own.metrics(), await theirs.metrics())
})

test('several processes are added up alike', async () => {
  const { own, theirs } = await both()
  const together = async (registry: Registry): Promise<string> => {
    const snapshot: object = await registry.getMetricsAsJSON()
    return await AggregatorRegistry.aggregate([snapshot, snapshot]).metrics()
  }
  assert.equal(await together(own), await together(theirs))
})

test('what is no number is not counted', async () => {
  const registry = new Registry()
  const bound = new BoundHistogram('seconds', 'How long.', BOUNDS)
  registry.registerMetric(bound as unknown as Gauge)
  const cell = bound.labels({})
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1]) cell.observe(value)
  assert.match(await registry.metrics(), /seconds_sum 1\nseconds_count 1\n/)
})
