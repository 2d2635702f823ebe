/** Every query of every dashboard, asked of a real Prometheus that watches a real gateway. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { markQueries, panelQueries } from '../helpers/dashboards.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { startPrometheus, type Watcher } from '../helpers/watchers.ts'

const rules = fileURLToPath(new URL('../../prometheus/rules', import.meta.url))
/** Of the light load, each time. */
const CALLS = 20

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly result: ReadonlyArray<{ readonly value: readonly [number, string] }> }
}

describe('dashboards on a gateway under light load', () => {
  let gateway: TestGateway
  let prometheus: Watcher
  let dir: string

  const ask = async (query: string): Promise<Answer> => {
    const answer = await fetch(`${prometheus.url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query }) })
    return await answer.json() as Answer
  }
  const valueOf = async (query: string): Promise<number> => Number((await ask(query)).data?.result[0]?.value[1] ?? NaN)

  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { probe: probe() }, tenants: { acme: { servers: ['probe'] } }, limits: roomyLimits } })
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-dashboards-'))
    const config = join(dir, 'prometheus.yml')
    await writeFile(config, JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      rule_files: [join(rules, '*.yml')],
      scrape_configs: [{ job_name: 'gateway', static_configs: [{ targets: [new URL(gateway.managementUrl).host], labels: { replica: 'b1' } }] }]
    }))
    prometheus = await startPrometheus(config, dir)
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    await until('the gateway was scraped', async () => await valueOf('sum(drawbridge_sessions_open)') === 1, 30_000)
    // A counter that begins between two scrapes is seen to stand at its first value, not to have risen to it: some calls before, some after.
    for (const expected of [CALLS, 2 * CALLS]) {
      for (let at = 0; at < CALLS; at++) await wire.call('echo', { text: String(at) })
      await until('Prometheus has seen the calls', async () => await valueOf('sum(drawbridge_calls_total{method="tools/call"})') >= expected, 30_000)
    }
    await until('Prometheus has a rate of them', async () => await valueOf('sum(rate(drawbridge_calls_total{method="tools/call"}[1m]))') > 0, 30_000)
  })
  after(async () => {
    await gateway.stop()
    await prometheus.stop()
    await rm(dir, { recursive: true, force: true })
  })

  it('every panel has a value, also those of what has not happened', async () => {
    for (const { dashboard, panel, asked } of panelQueries()) {
      const { status, error, data } = await ask(asked)
      assert.equal(status, 'success', `${dashboard}, ${panel}: ${error}`)
      assert.ok((data?.result.length ?? 0) > 0, `${dashboard}, ${panel}: nothing for ${asked}`)
      for (const { value } of data?.result ?? []) assert.ok(Number.isFinite(Number(value[1])), `${dashboard}, ${panel}: ${value[1]} for ${asked}`)
    }
  })

  it('every mark on the charts can be asked for', async () => {
    for (const { dashboard, panel, asked } of markQueries()) assert.equal((await ask(asked)).status, 'success', `${dashboard}, ${panel}`)
  })

  it('what has happened is more than 0 on the panel that is about it', async () => {
    const shown = async (dashboard: string, panel: string): Promise<number> => {
      const query = panelQueries().find((one) => one.dashboard === dashboard && one.panel === panel)
      assert.ok(query !== undefined, panel)
      return await valueOf(query.asked)
    }
    assert.equal(await shown('overview', 'Are all replicas up?'), 1)
    assert.ok(await shown('overview', 'Calls a second') > 0)
    assert.ok(await shown('overview', 'How long does a call take?') > 0)
    assert.ok(await shown('servers', 'Tool calls a second') > 0)
    assert.equal(await shown('servers', 'How many servers are in use?'), 1)
    assert.equal(await shown('tenants', 'How many tenants are active?'), 1)
    assert.ok(await shown('tenants', 'How is each tenant doing?') > 0)
    assert.ok(await shown('workers', 'Which server has how many workers?') >= 1)
    assert.ok(await shown('processes', 'How much memory does each replica use?') > 0)
  })
})
