import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTelemetry } from '../../../src/telemetry/index.ts'

async function linesOf (servers: readonly string[], maxSeries?: number): Promise<string[]> {
  const telemetry = createTelemetry({ version: '1.2.3', servers, ...(maxSeries === undefined ? {} : { maxSeries }) })
  const lines = (await telemetry.expose()).split('\n').filter((line) => line.startsWith('drawbridge_'))
  telemetry.close()
  return lines
}

test('what alerts count is there at 0 before it happens, so that Prometheus sees the first one', async () => {
  const lines = await linesOf(['notes'])
  for (const series of [
    'worker_exit_total{server="notes",reason="crashed"}',
    'worker_egress_refused_total{server="notes",reason="gateway"}',
    'call_failures_total{server="notes",method="tools/call",failure="internal"}',
    'circuit_opened_total{server="notes"}',
    'audit_dropped_total{sink="file"}',
    'auth_refusals_total{reason="wrong_secret"}',
    'limit_refusals_total{limit="user_calls"}',
    'policy_refusals_total{kind="tool"}'
  ]) assert.ok(lines.includes(`drawbridge_${series} 0`), series)
})

test('what happens all the time, or could in too many ways, begins when it happens', async () => {
  const lines = await linesOf(['notes'])
  assert.deepEqual(lines.filter((line) => /^drawbridge_(?:calls_total|tenant_calls_total|http_requests_total)/.test(line)), [])
  assert.ok(lines.length < 250, String(lines.length))
})

test('a server that a reload brings has its counters at once, and half of the cap stays for what happens', async () => {
  const telemetry = createTelemetry({ version: '1.2.3', servers: [] })
  telemetry.allow('server', ['later'])
  assert.match(await telemetry.expose(), /^drawbridge_worker_exit_total\{server="later",reason="crashed"\} 0$/m)
  telemetry.close()
  const many = await linesOf(Array.from({ length: 1000 }, (_, at) => `s${at}`), 1000)
  // Counters without labels are there beside those of the cap.
  assert.ok(many.length > 500 && many.length < 550, String(many.length))
})
