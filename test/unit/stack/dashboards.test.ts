import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Type } from 'typebox'
import { Check, Errors } from 'typebox/value'
import { parse } from 'yaml'
import { DASHBOARDS, textOf } from '../../../grafana/src/dashboards/index.ts'
import { PROMETHEUS } from '../../../grafana/src/datasource.ts'
import { METRICS, METRIC_PREFIX } from '../../../src/telemetry/index.ts'
import { markQueries, panelQueries, readDashboards, type CommittedPanel } from '../../helpers/dashboards.ts'
import { watcher } from '../../helpers/programs.ts'
import { metricsIn } from '../../helpers/promql.ts'
import { watchedMetrics } from '../../helpers/watched-metrics.ts'

const root = new URL('../../../', import.meta.url)
const yaml = async (path: string): Promise<unknown> => parse(await readFile(new URL(path, root), 'utf8'))
const run = promisify(execFile)

const Datasource = Type.Object({ type: Type.Literal('prometheus'), uid: Type.Literal(PROMETHEUS.uid ?? '') })
const Target = Type.Object({
  datasource: Datasource,
  expr: Type.String({ minLength: 1 }),
  legendFormat: Type.String({ minLength: 1 }),
  refId: Type.String({ pattern: '^[A-Z]$' }),
  range: Type.Optional(Type.Boolean()),
  instant: Type.Optional(Type.Boolean())
})
const Place = Type.Object({ x: Type.Integer({ minimum: 0, maximum: 23 }), y: Type.Integer({ minimum: 0 }), w: Type.Integer({ minimum: 3, maximum: 24 }), h: Type.Integer({ minimum: 1, maximum: 12 }) }, { additionalProperties: false })
const Panel = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  type: Type.Union([Type.Literal('stat'), Type.Literal('timeseries'), Type.Literal('table'), Type.Literal('bargauge')]),
  title: Type.String({ minLength: 3, maxLength: 44 }),
  description: Type.String({ minLength: 8 }),
  datasource: Datasource,
  gridPos: Place,
  targets: Type.Array(Target, { minItems: 1 }),
  fieldConfig: Type.Object({ defaults: Type.Object({ unit: Type.String({ minLength: 1 }), noValue: Type.String({ minLength: 1 }), thresholds: Type.Object({ mode: Type.Literal('absolute'), steps: Type.Array(Type.Object({ value: Type.Union([Type.Null(), Type.Number()]), color: Type.String() }), { minItems: 1 }) }) }) })
})
const Row = Type.Object({ id: Type.Integer({ minimum: 1 }), type: Type.Literal('row'), title: Type.String({ minLength: 3 }), collapsed: Type.Literal(false), gridPos: Place, panels: Type.Array(Type.Unknown(), { maxItems: 0 }) })
const Dashboard = Type.Object({
  uid: Type.String({ pattern: '^drawbridge-[a-z-]+$', maxLength: 40 }),
  title: Type.String({ pattern: '^Drawbridge: ' }),
  description: Type.String({ pattern: 'docs/operations/dashboards\\.md#' }),
  editable: Type.Literal(false),
  schemaVersion: Type.Integer({ minimum: 36 }),
  refresh: Type.Literal('30s'),
  links: Type.Array(Type.Object({ title: Type.String(), type: Type.Union([Type.Literal('link'), Type.Literal('dashboards')]) }), { minItems: 2 }),
  panels: Type.Array(Type.Union([Panel, Row]), { minItems: 2 })
})

const committed = [...readDashboards()]
const figures = (panels: readonly CommittedPanel[]): readonly CommittedPanel[] => panels.filter(({ type }) => type !== 'row')
const cellsOf = ({ gridPos: { x, y, w, h } }: CommittedPanel): string[] => Array.from({ length: w * h }, (_, at) => `${x + at % w},${y + Math.floor(at / w)}`)

describe('dashboards', () => {
  test('the committed files are what the code makes (npm run dashboards)', async () => {
    assert.deepEqual(committed.map(([name]) => name).sort(), [...DASHBOARDS.keys()].sort())
    for (const [name, dashboard] of DASHBOARDS) assert.equal(await readFile(new URL(`grafana/dashboards/${name}.json`, root), 'utf8'), textOf(dashboard), `${name}.json is old: run npm run dashboards`)
  })

  for (const [name, dashboard] of committed) {
    test(`${name}: whole, and every panel has a title, a unit, a source and a query`, () => {
      assert.ok(Check(Dashboard, dashboard), JSON.stringify(Errors(Dashboard, dashboard).slice(0, 3)))
      const { panels, uid } = dashboard
      assert.equal(uid, `drawbridge-${name}`)
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'an id is there twice')
      for (const { title, targets = [] } of panels) assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title)
    })

    test(`${name}: no panel lies on another, none is missing at the side, and there are not too many`, () => {
      const { panels } = dashboard
      const cells = panels.flatMap(cellsOf)
      assert.equal(new Set(cells).size, cells.length, 'two panels overlap')
      const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h))
      assert.equal(cells.length, 24 * height, 'there is a hole')
      assert.ok(figures(panels).length <= 15, `${figures(panels).length} panels`)
      assert.equal(panels[1]?.type, 'stat', 'figures come first')
    })

    test(`${name}: titles ask a question or name one thing`, () => {
      const titles = figures(dashboard.panels).map(({ title }) => title)
      assert.equal(new Set(titles).size, titles.length, 'a title is there twice')
      for (const title of titles) assert.ok(title.endsWith('?') || title.split(' ').length <= 4, title)
    })
  }

  test('uids are there once', () => {
    assert.equal(new Set(committed.map(([, { uid }]) => uid)).size, committed.length)
  })

  test('every query asks for metrics that are there, by labels that they have', async () => {
    const known = await watchedMetrics()
    const variables = committed.flatMap(([dashboard, { templating }]) => (templating.list ?? []).map(({ name, query }) => ({ dashboard, panel: name, expression: query.query.replace(/^label_values\((.*), (\w+)\)$/, 'sum by ($2) ($1)') })))
    assert.ok(variables.length >= 13)
    for (const { dashboard, panel, expression } of [...panelQueries(), ...markQueries(), ...variables]) {
      const uses = metricsIn(expression)
      assert.ok(uses.length > 0, `${dashboard}, ${panel}: asks for nothing`)
      for (const { metric, labels } of uses) {
        const has = known.get(metric)
        assert.ok(has !== undefined, `${dashboard}, ${panel}: there is no ${metric}`)
        for (const label of labels) assert.ok(has.has(label), `${dashboard}, ${panel}: ${metric} has no label ${label}`)
      }
    }
  })

  test('promtool reads every query', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'dashboards-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const rules = [...panelQueries(), ...markQueries()].map(({ asked }, at) => ({ record: `q${at}`, expr: asked }))
    await writeFile(join(dir, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboards', rules }] }))
    const { stdout } = await run(watcher('promtool'), ['check', 'rules', '--lint=none', join(dir, 'rules.yml')])
    assert.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`))
  })

  test('what no dashboard shows is known by name', () => {
    const shown = new Set(panelQueries().flatMap(({ expression }) => metricsIn(expression).map(({ metric }) => metric.replace(/_(?:bucket|sum|count)$/, ''))))
    const hidden = Object.keys(METRICS).filter((name) => !shown.has(METRIC_PREFIX + name))
    // Of each, what it leads to is shown: open sessions, bytes of the cache, open circuits, the revision that serves.
    assert.deepEqual(hidden, ['sessions_total', 'cache_entries', 'circuit_opened_total', 'config_reloads_total'])
  })

  test('docs/operations/dashboards.md has a section for each, where its description leads', async () => {
    const page = await readFile(new URL('docs/operations/dashboards.md', root), 'utf8')
    const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    for (const [name, { description }] of committed) {
      assert.ok(sections.includes(name), name)
      assert.ok(description.endsWith(`docs/operations/dashboards.md#${name}`), name)
    }
    const titles = new Set(committed.flatMap(([, { panels }]) => panels.map(({ title }) => title)))
    const named = [...page.matchAll(/\*\*([^*]+\?)\*\*|"([^"]+\?)"/g)].map(([, bold, quoted]) => bold ?? quoted ?? '')
    assert.ok(named.length > 20)
    assert.deepEqual(named.filter((title) => !titles.has(title)), [], 'questions that no panel asks')
  })

  test('Grafana is given the source that the dashboards name, and the folder that they lie in', async () => {
    const sources = await yaml('grafana/provisioning/datasources/prometheus.yaml') as { apiVersion: number, datasources: ReadonlyArray<Record<string, unknown>> }
    assert.deepEqual(sources.datasources.map(({ uid, type, url, isDefault }) => ({ uid, type, url, isDefault })), [{ ...PROMETHEUS, url: 'http://prometheus:9090', isDefault: true }])
    const { providers } = await yaml('grafana/provisioning/dashboards/drawbridge.yaml') as { providers: ReadonlyArray<{ folder: string, options: { path: string } }> }
    const compose = await yaml('docker-compose.yml') as { services: { grafana: { volumes: readonly string[] }, prometheus: unknown } }
    assert.deepEqual(providers.map(({ folder }) => folder), ['Drawbridge'])
    assert.ok(compose.services.grafana.volumes.includes(`./grafana/dashboards:${providers[0]?.options.path}:ro`))
    const { global } = await yaml('prometheus/prometheus.yml') as { global: { scrape_interval: string } }
    assert.equal((sources.datasources[0]?.['jsonData'] as Record<string, unknown>)['timeInterval'], global.scrape_interval, 'or $__rate_interval is too short for a rate')
  })
})

describe('metricsIn', () => {
  for (const { expression, uses } of [
    { expression: 'up', uses: ['up'] },
    { expression: 'sum by (a, b) (rate(x_total{c="d{e",f=~"g|h"}[5m])) or vector(0)', uses: ['x_total a,b,c,f'] },
    { expression: 'histogram_quantile(0.9, sum by (le) (rate(y_bucket[$__rate_interval]))) > 0.5', uses: ['y_bucket le'] },
    { expression: 'max(sum by (t) (z)) / on (t) group_left (u) w and on () label_replace(vector(0), "t", "none", "", "")', uses: ['z t', 'w'] },
    { expression: 'a:b:rate5m / 0.001 or 0 * count(c{x!="y"})', uses: ['a:b:rate5m', 'c x'] }
  ]) {
    test(expression, () => {
      assert.deepEqual(metricsIn(expression).map(({ metric, labels }) => [metric, ...labels.size === 0 ? [] : [[...labels].join()]].join(' ')), uses)
    })
  }
})
