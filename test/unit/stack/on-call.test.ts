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

/** What a pattern finds in these texts. With fewer than `least` it no longer knows how the page writes such things. */
function found (least: number, pattern: RegExp, texts: readonly string[] = code): string[] {
  const all = texts.flatMap((text) => [...text.matchAll(pattern)].map(([, first = '']) => first))
  assert.ok(all.length >= least, `${all.length} instead of ${least} or more: ${pattern}`)
  return all
}

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
  for (const event of found(27, /\blogs [a-z]+-\d ([a-z_]+)/g)) assert.ok(source.includes(`event: '${event}'`), event)
})

test('metrics that it names are there', async () => {
  const known = await watchedMetrics()
  const asked = [...found(15, /^promql '([^']+)'/g), ...found(18, /^promql ([^\s'(]+)/g)]
  const named = found(9, /^((?:drawbridge|redis|nginx|probe)_[a-z_]+)$/g, quoted)
  for (const expression of [...asked, ...named]) {
    const uses = metricsIn(expression)
    assert.ok(uses.length > 0, expression)
    for (const { metric } of uses) assert.ok(known.has(metric) || metric.startsWith('__'), `${expression}: ${metric}`)
  }
})

test('scripts, paths of /admin, settings of .env, dashboards and sections that it names are there', () => {
  for (const script of found(23, /\b(scripts\/[a-z-]+)\b/g)) assert.ok(existsSync(join(root, script)), script)
  const routes = sourceText()
  for (const path of found(10, /\badmin [a-z]+-\d (\/admin\/[a-z]+)/g)) assert.ok(routes.includes(`'${path}`), path)
  const settings = found(9, /^(?!GW_)([A-Z]+_[A-Z_]+)$/g)
  const places = ['docker-compose.yml', '.env.example'].map((name) => readFileSync(join(root, name), 'utf8')).join('')
  for (const setting of settings) assert.ok(places.includes(setting), setting)
  const titles = dashboardTitles()
  for (const title of found(16, /"([^"]+)"/g, page.split('\n').filter((line) => /dashboard "/i.test(line)))) assert.ok(titles.has(title), `dashboard ${title}`)
  const anchors = [...sections.keys()].map((name) => name.toLowerCase())
  for (const anchor of found(42, /\]\(#([^)]*)\)/g, [page])) assert.ok(anchors.includes(anchor), anchor)
})

test('every docker compose command is about a service that is there, or about all', () => {
  const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as { services: Record<string, unknown> }
  const commands = found(66, /\bdocker compose ([^`;|)]*)/g, code.map((text) => text.replaceAll('"gateway-$1"', 'gateway-blue-1')))
  const aboutAll = commands.filter((command) => {
    const [, words = ''] = /^(?:exec|kill|logs|ps|restart|run|stop|up)\b(.*)$/.exec(command) ?? assert.fail(command)
    const [, service] = /^(?: -s HUP| --(?:since|tail) \d+[hm]?| -\w\b| --[a-z-]+)* ([a-z]\S*)/.exec(words) ?? []
    if (service !== undefined) assert.ok(service in services, command)
    return service === undefined
  })
  assert.deepEqual(new Set(aboutAll.map((command) => command.trim())), new Set(['ps -a', 'ps', 'up -d', 'up -d --wait']))
})

function dashboardTitles (): ReadonlySet<string> {
  const folder = join(root, 'grafana/dashboards')
  return new Set(readdirSync(folder).map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { title: string }).title.replace('Drawbridge: ', '')))
}
