import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createTelemetry } from '../../../src/telemetry/index.ts'
import type { Telemetry } from '../../../src/telemetry/index.ts'

function telemetry (t: TestContext, maxSeries?: number): Telemetry {
  const made = createTelemetry({ version: '1.2.3', servers: ['notes'], ...(maxSeries === undefined ? {} : { maxSeries }) })
  t.after(() => { made.close() })
  return made
}

const own = (exposed: string): string[] => exposed.split('\n').filter((line) => line.startsWith('drawbridge_') && !line.includes('build_info'))

describe('telemetry', () => {
  test('exposes what was counted, by the names of the catalogue', async (t) => {
    const { count, level, observe, expose } = telemetry(t)
    count('calls_total', { server: 'notes', method: 'tools/call', outcome: 'ok' }).inc()
    count('calls_total', { server: 'notes', method: 'tools/call', outcome: 'ok' }).inc(2)
    level('sessions_open', { face: 'sse' }).inc(5)
    level('sessions_open', { face: 'sse' }).dec()
    level('config_revision').set(7)
    observe('call_seconds', { server: 'notes' }).observe(0.02)
    const exposed = await expose()
    assert.match(exposed, /^drawbridge_calls_total\{server="notes",method="tools\/call",outcome="ok"\} 3$/m)
    assert.match(exposed, /^drawbridge_sessions_open\{face="sse"\} 4$/m)
    assert.match(exposed, /^drawbridge_config_revision 7$/m)
    assert.match(exposed, /^drawbridge_call_seconds_bucket\{le="0.01",server="notes"\} 0$/m)
    assert.match(exposed, /^drawbridge_call_seconds_bucket\{le="0.025",server="notes"\} 1$/m)
    assert.match(exposed, /^drawbridge_call_seconds_count\{server="notes"\} 1$/m)
    assert.match(exposed, new RegExp(`^drawbridge_build_info\\{version="1\\.2\\.3",node="${process.version.replaceAll('.', '\\.')}"\\} 1$`, 'm'))
    assert.match(exposed, /^nodejs_eventloop_lag_p99_seconds /m)
    // A second scrape shows the same totals, not twice as much.
    count('calls_total', { server: 'notes', method: 'tools/call', outcome: 'ok' }).inc()
    assert.match(await expose(), /^drawbridge_calls_total\{server="notes",method="tools\/call",outcome="ok"\} 4$/m)
  })

  test('levels that are looked up are looked up at each scrape', async (t) => {
    const { level, beforeScrape, expose } = telemetry(t)
    let open = 3
    const gauge = level('sse_streams_open')
    beforeScrape(() => { gauge.set(open) })
    assert.match(await expose(), /^drawbridge_sse_streams_open 3$/m)
    open = 1
    assert.match(await expose(), /^drawbridge_sse_streams_open 1$/m)
  })

  test('a level of what has gone is not there, until it is set again', async (t) => {
    const { level, expose } = telemetry(t)
    const gauge = level('workers_running', { server: 'notes' })
    gauge.set(3)
    assert.match(await expose(), /^drawbridge_workers_running\{server="notes"\} 3$/m)
    gauge.clear()
    assert.doesNotMatch(await expose(), /^drawbridge_workers_running\{/m)
    gauge.inc()
    assert.match(await expose(), /^drawbridge_workers_running\{server="notes"\} 1$/m)
  })

  test('a value outside its set is "other", whatever it is (T59)', async (t) => {
    const { count, allow, expose } = telemetry(t)
    for (const server of ['nope', '', '__proto__', 'constructor', 'notes"} 1\n', 'x'.repeat(10_000)]) count('calls_total', { server, method: 'tools/call', outcome: 'ok' }).inc()
    assert.deepEqual(own(await expose()).filter((line) => line.startsWith('drawbridge_calls_total')), ['drawbridge_calls_total{server="other",method="tools/call",outcome="ok"} 6'])
    allow('server', ['later'])
    count('calls_total', { server: 'later', method: 'tools/call', outcome: 'ok' }).inc()
    assert.match(await expose(), /^drawbridge_calls_total\{server="later",method="tools\/call",outcome="ok"\} 1$/m)
  })

  test('the cap on label sets holds and says so', async (t) => {
    const { count, allow, expose } = telemetry(t, 10)
    const names = Array.from({ length: 100 }, (_, at) => `s${at}`)
    allow('server', names)
    for (const server of names) count('worker_spawn_total', { server }).inc()
    const lines = own(await expose())
    const spawned = lines.filter((line) => line.startsWith('drawbridge_worker_spawn_total'))
    assert.ok(spawned.length <= 11, String(spawned.length))
    assert.equal(spawned.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0), 100)
    const refused = Number(lines.find((line) => line.startsWith('drawbridge_series_refused_total'))?.split(' ')[1])
    assert.equal(refused, 100 - (spawned.length - 1))
  })

  test('two registries do not know of each other', async (t) => {
    const [one, two] = [telemetry(t), telemetry(t)]
    one.count('events_dropped_total').inc()
    assert.match(await two.expose(), /^drawbridge_events_dropped_total 0$/m)
  })
})
