/** Rules by promtool, and what it does not look at: names of metrics, words, and that each alert is tested and has a runbook. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { alertRules, prometheusDir, recordingRules, ruleTests, yamlFiles } from '../../helpers/alert-rules.ts'
import { watcher } from '../../helpers/programs.ts'
import { metricsIn } from '../../helpers/promql.ts'
import { watchedMetrics } from '../../helpers/watched-metrics.ts'

const run = promisify(execFile)
const promtool = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await run(watcher('promtool'), args, { cwd: prometheusDir })
  return stdout + stderr
}
const alerts = alertRules()

/** Everything that is written in these folders of the project. */
function textsIn (...folders: readonly string[]): string {
  return folders.flatMap((folder) => readdirSync(join(prometheusDir, '..', folder), { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))).join('\n')
}

describe('what promtool says', { concurrency: 2 }, () => {
  it('of the configuration, with every rule file', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'drawbridge-prometheus-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    await cp(join(prometheusDir, 'rules'), join(dir, 'rules'), { recursive: true })
    await writeFile(join(dir, 'token'), 'x')
    const text = await readFile(join(prometheusDir, 'prometheus.yml'), 'utf8')
    await writeFile(join(dir, 'gateways.json'), '[{ "targets": ["172.30.240.71:8081"], "labels": { "replica": "b1" } }]')
    await writeFile(join(dir, 'prometheus.yml'), text.replace('/run/secrets/management_token', join(dir, 'token')).replace('/etc/prometheus-targets', dir))
    const said = await promtool('check', 'config', join(dir, 'prometheus.yml'))
    assert.equal(said.match(/SUCCESS: \d+ rules found/g)?.length, yamlFiles('rules').length)
    assert.doesNotMatch(said, /FAILED|WARNING/)
  })

  for (const file of yamlFiles('tests')) {
    it(`of tests/${file}`, async () => {
      assert.match(await promtool('test', 'rules', `tests/${file}`), /SUCCESS/)
    })
  }
})

describe('alerts', () => {
  it('are called differently, and are in the file of their area', () => {
    assert.equal(new Set(alerts.map(({ alert }) => alert.toLowerCase())).size, alerts.length)
    for (const { alert, file, labels } of alerts) assert.equal(file, `${labels['area']}.yml`, alert)
  })

  it('say how urgent they are, what users feel, what was seen and where to read on', () => {
    for (const { alert, labels, annotations } of alerts) {
      assert.ok(['page', 'ticket'].includes(labels['severity'] ?? ''), alert)
      assert.match(annotations['summary'] ?? '', /^[A-Z{].{20,}\.$/, alert)
      assert.match(annotations['description'] ?? '', /^[A-Z{].{15,}\.$/, alert)
      assert.equal(annotations['runbook_url'], `docs/operations/on-call.md#${alert.toLowerCase()}`)
    }
  })

  it('of a pair are one that wakes somebody and one that does not', () => {
    const pairs = Map.groupBy(alerts.filter(({ labels }) => labels['pair'] !== undefined), ({ labels }) => labels['pair'])
    assert.ok(pairs.size > 0)
    for (const [pair, members] of pairs) assert.deepEqual(members.map(({ labels }) => labels['severity']).sort(), ['page', 'ticket'], pair)
  })

  it('are each seen to fire in a test, beside something that does not', () => {
    const tests = ruleTests()
    const firing = new Set(tests.flatMap(({ expressions }) => expressions.filter(({ expr, fires }) => fires && expr.includes('ALERTS')).map(({ expr }) => /alertname="(\w+)"/.exec(expr)?.[1])))
    assert.deepEqual(alerts.map(({ alert }) => alert).filter((alert) => !firing.has(alert)), [])
    const known = new Set(alerts.map(({ alert }) => alert))
    for (const name of firing) assert.ok(name !== undefined && known.has(name), `a test is about ${name}, which is no alert`)
  })
})

describe('rules', () => {
  it('ask for metrics that are there, by labels that they have', async () => {
    const known = await watchedMetrics()
    for (const { name, expr } of [...alerts.map(({ alert, expr }) => ({ name: alert, expr })), ...recordingRules().map(({ record, expr }) => ({ name: record, expr }))]) {
      const uses = metricsIn(expr)
      assert.ok(uses.length > 0, name)
      for (const { metric, labels } of uses) {
        const has = known.get(metric)
        assert.ok(has !== undefined, `${name} asks for ${metric}, which nobody has`)
        for (const label of labels) assert.ok(has.has(label), `${name}: ${metric} has no label ${label}`)
      }
    }
  })

  it('are recorded for somebody: an alert, another rule, a dashboard, or what people are told to look at', () => {
    const read = [...alerts, ...recordingRules()].map(({ expr }) => expr).join('\n') + textsIn('grafana/dashboards/', 'docs/operations/')
    assert.deepEqual(recordingRules().map(({ record }) => record).filter((record) => !new RegExp(`${record}(?![\\w:])`).test(read)), [])
  })

  it('are recorded under level:metric:operation', () => {
    for (const { record } of recordingRules()) assert.match(record, /^[a-z]+:[a-z_0-9]+:[a-z_0-9]+$/)
  })
})
