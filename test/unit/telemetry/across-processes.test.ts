/** `processes: N`: what several processes say, as one page of metrics. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { createTelemetry, exposeTogether, METRICS, METRIC_PREFIX } from '../../../src/telemetry/index.ts'
import type { GaugeName, Telemetry } from '../../../src/telemetry/index.ts'

/** One page of the processes that each of these makes. */
async function together (t: TestContext, ...processes: ReadonlyArray<(telemetry: Telemetry) => void>): Promise<string> {
  const snapshots = await Promise.all(processes.map(async (fill) => {
    const telemetry = createTelemetry({ version: '1.2.3', servers: ['remote'] })
    t.after(() => { telemetry.close() })
    fill(telemetry)
    // They cross a process border.
    return JSON.parse(JSON.stringify(await telemetry.snapshot())) as unknown
  }))
  return await exposeTogether([...snapshots, undefined])
}

/** A gauge's only value on the page. */
function valueOf (page: string, name: string): number {
  const values = [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(([, value]) => Number(value))
  assert.equal(values.length, 1, `${name}: ${values.join()}`)
  return values[0] ?? NaN
}

const set = (name: GaugeName, value: number) => (telemetry: Telemetry): void => {
  const labels = Object.fromEntries(Object.keys(METRICS[name].labels).map((label) => [label, label === 'server' ? 'remote' : label === 'sink' ? 'file' : 'other']))
  telemetry.level(name as 'circuit_open', labels as { server: string }).set(value)
}

describe('levels of two processes', () => {
  for (const name of ['circuit_open', 'audit_sink_failing', 'replicas_live', 'config_refused', 'memory_used_ratio'] as const) {
    it(`${name}: the highest`, async (t) => {
      assert.equal(valueOf(await together(t, set(name, 1), set(name, 1)), METRIC_PREFIX + name), 1)
      assert.equal(valueOf(await together(t, set(name, 1), set(name, 0)), METRIC_PREFIX + name), 1)
    })
  }

  for (const name of ['revocations_known', 'jwks_usable', 'redis_up'] as const) {
    it(`${name}: the lowest`, async (t) => {
      assert.equal(valueOf(await together(t, set(name, 1), set(name, 1)), METRIC_PREFIX + name), 1)
      assert.equal(valueOf(await together(t, set(name, 1), set(name, 0)), METRIC_PREFIX + name), 0)
    })
  }

  for (const name of ['workers_running', 'spares_ready', 'sse_streams_open', 'http_requests_in_flight'] as const) {
    it(`${name}: the sum`, async (t) => {
      assert.equal(valueOf(await together(t, set(name, 2), set(name, 3)), METRIC_PREFIX + name), 5)
    })
  }

  it('say so for every 0 or 1 of the catalogue: two processes are not 2', async (t) => {
    const flags = (Object.keys(METRICS) as GaugeName[]).filter((name) => METRICS[name].kind === 'gauge' && /\b1 while|Always 1/.test(METRICS[name].help) && name !== 'build_info')
    assert.ok(flags.length >= 6, flags.join())
    for (const name of flags) assert.equal(valueOf(await together(t, set(name, 1), set(name, 1)), METRIC_PREFIX + name), 1, name)
  })
})

it('counters of two processes are added up, and what they start with is one row', async (t) => {
  const call = ({ count }: Telemetry): void => count('calls_total', { server: 'remote', method: 'tools/call', outcome: 'ok' }).inc(2)
  const page = await together(t, call, call)
  assert.equal(valueOf(page, 'drawbridge_calls_total'), 4)
  assert.equal(valueOf(page, 'drawbridge_build_info'), 1)
})

it('the start of the youngest process is there: one that starts again and again shows', async (t) => {
  const snapshot = (seconds: number): unknown => [{ ...start, values: [{ value: seconds, labels: {} }] }]
  const telemetry = createTelemetry({ version: '1.2.3', servers: [] })
  t.after(() => { telemetry.close() })
  const start = (await telemetry.snapshot() as Array<{ name: string }>).find(({ name }) => name === 'process_start_time_seconds')
  assert.ok(start)
  assert.equal(valueOf(await exposeTogether([snapshot(100), snapshot(300), snapshot(200)]), 'process_start_time_seconds'), 300)
})
