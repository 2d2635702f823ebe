/** docs/operations/troubleshooting.md leads from every error code to a section, and names nothing that is not there. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { ERRORS } from '../../../src/shared/errors.ts'
import { LABEL_SETS } from '../../../src/telemetry/label-sets.ts'
import { METRIC_PREFIX, METRICS } from '../../../src/telemetry/catalogue.ts'

const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/operations/troubleshooting.md', root), 'utf8')
const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
const byCode = page.split('## By code')[1]?.split('\n## ')[0] ?? ''

/** All of what stands in backticks. */
const quoted = [...page.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text)

test('the table by code has every error code of the catalogue once, and leads to a section that is there', () => {
  const rows = byCode.split('\n').filter((line) => line.startsWith('| `'))
  assert.deepEqual(rows.flatMap((row) => [...row.matchAll(/GW_\w+/g)].map(([code]) => code)).sort(), Object.keys(ERRORS).sort())
  for (const row of rows) assert.ok(anchors.includes(/\(#([^)]+)\)/.exec(row)?.[1] ?? ''), row)
})

test('each code is spoken of in a section, not only in the table', () => {
  const sections = page.replace(byCode, '')
  const unexplained = Object.keys(ERRORS).filter((code) => !sections.includes(code))
  // The sections about these are about nothing else, and name their symptom instead.
  assert.deepEqual(unexplained, ['GW_HTTP_HOST', 'GW_HTTP_BODY_TOO_LARGE', 'GW_HTTP_HEADERS_TOO_LARGE', 'GW_AUTH_REQUIRED', 'GW_AUTH_INVALID', 'GW_AUTH_AMBIGUOUS', 'GW_SESSION_NOT_FOUND', 'GW_INTERNAL'])
})

test('metrics are those of the catalogue', () => {
  const named = page.match(/\bdrawbridge_[a-z_]+/g) ?? []
  assert.ok(named.length > 20)
  for (const name of named) assert.ok(name.slice(METRIC_PREFIX.length) in METRICS, name)
})

test('what looks like a log event is one, or a reason of a refused credential or an ended worker', () => {
  const events = new Set(sourceTexts().flatMap((text) => [...text.matchAll(/event: '([a-z_]+)'/g)].map(([, event = '']) => event)))
  const reasons = new Set<string>([...LABEL_SETS.auth_reason, ...LABEL_SETS.exit_reason, 'owner_mismatch'])
  const named = quoted.filter((text) => /^[a-z]+(_[a-z]+)+$/.test(text)).filter((text) => !NGINX_SETTINGS.includes(text) && !text.startsWith(METRIC_PREFIX))
  assert.ok(named.length > 25)
  for (const name of named) assert.ok(events.has(name) || reasons.has(name), name)
})

const NGINX_SETTINGS = ['client_max_body_size', 'proxy_read_timeout']

test('reasons of the table about credentials are those that are counted', () => {
  const section = page.split('## 401')[1]?.split('\n## ')[0] ?? ''
  const reasons: readonly string[] = LABEL_SETS.auth_reason
  const named = [...section.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/\w+/g)].map(([name]) => name))
  assert.ok(named.length > 10)
  for (const name of named) assert.ok(reasons.includes(name), name)
})

test('scripts, files and services that it names are there', () => {
  for (const [path] of page.matchAll(/(?<![\w/])(?:scripts|nginx|grafana)\/[\w.-]+/g)) assert.ok(existsSync(new URL(path, root)), path)
  const { services } = parse(readFileSync(new URL('docker-compose.yml', root), 'utf8'), { merge: true }) as { services: Record<string, unknown> }
  const named = [...page.matchAll(/docker compose (?:exec(?: -T)?|logs(?: --since \w+)?|ps|run --rm) ([a-z][\w-]*)/g)].map(([, service = '']) => service)
  assert.ok(named.length >= 8)
  for (const service of named) assert.ok(service in services, service)
})

/** The program's own sources. */
function sourceTexts (): string[] {
  return ['src', 'plugins', 'routes', 'config', '.'].flatMap((folder) => {
    const names = readdirSync(new URL(folder, root), { recursive: folder !== '.' }) as string[]
    return names.filter((name) => /\.m?[jt]s$/.test(name)).map((name) => readFileSync(new URL(`${folder}/${name}`, root), 'utf8'))
  })
}
