/** docs/operations/on-call.md: a section for each alert, and nothing in it that is not there. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { alertRules } from '../../helpers/alert-rules.ts'
import { metricsIn } from '../../helpers/promql.ts'
import { watchedMetrics } from '../../helpers/watched-metrics.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const page = readFileSync(join(root, 'docs/operations/on-call.md'), 'utf8')
const alerts = alertRules()

/** Sections by the names of their alerts: third-level headings. */
const sections = new Map(page.split(/^### /m).slice(1).map((text) => [text.split('\n', 1)[0] ?? '', text.split(/^## /m, 1)[0] ?? '']))
/** Commands and names, as the page sets them off. */
const quoted = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text)
const code = [...quoted, ...[...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'))]

function sourceText (): string {
  const folders = ['src', 'plugins', 'config', 'routes'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name)))
  return [...folders, 'server.ts', 'primary.ts'].map((path) => readFileSync(join(root, path), 'utf8')).join('\n')
}

test('every alert has a section, and every section an alert', () => {
  assert.deepEqual([...sections.keys()].sort(), alerts.map(({ alert }) => alert).sort())
})

test('a section says how urgent it is, what users feel, why, where to look, what to do, and when it is over', () => {
  for (const { alert, labels, annotations } of alerts) {
    const section = sections.get(alert) ?? ''
    assert.ok(section.startsWith(`${alert}\n\n${labels['severity'] === 'page' ? 'Page' : 'Ticket'}. `), alert)
    const felt = (annotations['summary'] ?? '').split(/\{\{[^}]*\}\}/)
    for (const part of felt) assert.ok(section.includes(part), `${alert}: "${part}" is not what the section says`)
    for (const part of ['Why', 'Look', 'Do', 'Over']) assert.match(section, new RegExp(`^- \\*\\*${part}\\*\\*`, 'm'), alert)
  }
})

test('events of the log that it names are written by the gateway', () => {
  const source = sourceText()
  const events = code.flatMap((text) => [.../\blogs [a-z]+-\d ([a-z_]+)/g[Symbol.matchAll](text)].map(([, event = '']) => event))
  assert.ok(events.length > 15)
  for (const event of new Set(events)) assert.ok(source.includes(`event: '${event}'`), event)
})

test('metrics that it names are there', async () => {
  const known = await watchedMetrics()
  const asked = code.flatMap((text) => [...text.matchAll(/^promql (?:'([^']+)'|(\S+))/g)].map(([, expression, name]) => expression ?? name ?? ''))
  const named = quoted.filter((text) => /^(?:drawbridge|redis|nginx|probe)_[a-z_]+$/.test(text) && !['redis_up'].includes(text))
  assert.ok(asked.length > 20)
  for (const expression of [...asked, ...named]) {
    for (const { metric } of metricsIn(expression)) assert.ok(known.has(metric) || metric.startsWith('__'), `${expression}: ${metric}`)
  }
})

test('scripts, services, pages, paths of /admin and settings of .env that it names are there', () => {
  const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as { services: Record<string, unknown> }
  const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8') + readFileSync(join(root, '.env.example'), 'utf8')
  const routes = sourceText()
  for (const text of code) {
    for (const [, script = ''] of text.matchAll(/\b(scripts\/[a-z-]+)\b/g)) assert.ok(existsSync(join(root, script)), text)
    for (const [, service = ''] of text.matchAll(/docker compose (?:exec(?: -T)?|restart|stop|ps|logs --tail \d+|up -d(?: --wait| --force-recreate)?|kill -s HUP) ([a-z][a-z0-9-]+)/g)) assert.ok(service in services, text)
    for (const [, path = ''] of text.matchAll(/\badmin [a-z]+-\d (\/admin\/[a-z]+)/g)) assert.ok(routes.includes(`'${path}`), text)
    if (/^[A-Z]+_[A-Z_]+$/.test(text) && !text.startsWith('GW_')) assert.ok(compose.includes(text), text)
  }
  const titles = dashboardTitles()
  for (const [, title = ''] of page.matchAll(/dashboard "([^"]+)"/gi)) assert.ok(titles.has(title), `dashboard ${title}`)
})

test('sections that it leads to are there', () => {
  for (const [, anchor = ''] of page.matchAll(/\]\(#([a-z]+)\)/g)) assert.ok([...sections.keys()].some((name) => name.toLowerCase() === anchor), anchor)
})

function dashboardTitles (): ReadonlySet<string> {
  const folder = join(root, 'grafana/dashboards')
  return new Set(readdirSync(folder).map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { title: string }).title.replace('Drawbridge: ', '')))
}
