import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { startEdge } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

const seriesOf = (exposed: string): Set<string> => new Set(exposed.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' '))))

test('ten thousand made-up paths, methods, servers and tools grow the series by less than 20 (T59)', async (t) => {
  const { settings, key } = edgeSettings({ limits: { ipRequestsPerMinute: 1_000_000 } })
  const edge = await startEdge({ settings })
  t.after(() => edge.close())
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  t.after(() => { agent.destroy() })
  await edge.send('/status', { headers: key.bearer, agent })
  const before = seriesOf(await edge.options.telemetry.expose())
  const { telemetry } = edge.options
  for (let at = 0; at < 10_000; at++) {
    telemetry.count('calls_total', { server: `s${at}`, method: `m${at}`, outcome: `o${at}` }).inc()
    telemetry.observe('call_seconds', { server: `s${at}` }).observe(0.1)
  }
  await Promise.all(Array.from({ length: 500 }, (_, at) => edge.send(at % 2 === 0 ? `/made/up/${at}` : `/servers/made-up-${at}/mcp`, { headers: at % 4 < 2 ? key.bearer : {}, method: at % 3 === 0 ? 'PUT' : 'GET', agent })))
  // Node's own come with the first collection of each kind of garbage.
  const grown = [...seriesOf(await telemetry.expose())].filter((series) => !before.has(series) && !series.startsWith('nodejs_gc_'))
  // One histogram of "other" has a series per bucket.
  const newSeries = grown.filter((series) => !series.includes('le='))
  assert.ok(newSeries.length < 20, newSeries.join('\n'))
  assert.ok(grown.length < 80)
  assert.equal(grown.some((series) => series.includes('made')), false)
})

test('requests are counted by route pattern, never by path, and the public port has no metrics', async (t) => {
  const { settings, key } = edgeSettings()
  const edge = await startEdge({ settings })
  t.after(() => edge.close())
  await edge.send('/servers/notes/mcp', { headers: key.bearer })
  await edge.send('/nowhere', { headers: key.bearer })
  await edge.send('/nowhere')
  const exposed = await edge.options.telemetry.expose()
  assert.match(exposed, /^drawbridge_http_requests_total\{route="\/servers\/:name\/mcp",method="GET",status_class="4xx"\} 1$/m)
  assert.match(exposed, /^drawbridge_http_requests_total\{route="other",method="GET",status_class="4xx"\} 2$/m)
  assert.match(exposed, /^drawbridge_auth_refusals_total\{reason="missing"\} 1$/m)
  assert.match(exposed, /^drawbridge_worker_reassigned_total 0$/m)
  assert.equal((await edge.send('/metrics', { headers: key.bearer })).status, 404)
  assert.equal((await edge.send('/admin/servers/notes', { headers: key.bearer })).status, 404)
})
