/** Who is told of alerts: what scripts/lib/alertmanager.sh makes of .env and secrets, as amtool and Alertmanager read it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { makeAlertmanagerFiles, type AlertSettings } from '../../helpers/alertmanager-files.ts'
import { alertRules } from '../../helpers/alert-rules.ts'
import { watcher } from '../../helpers/programs.ts'

const run = promisify(execFile)
const WEBHOOK = { ALERT_WEBHOOK_URL: 'https://alerts.example/hook' }
const SLACK = { slack_webhook_url: 'https://hooks.example/T0/B0/canary\n' }
const PAGERDUTY = { pagerduty_routing_key: 'canary-key\n' }

interface Receiver { readonly name: string, readonly [kind: string]: unknown }

async function made (t: TestContext, settings: AlertSettings): Promise<{ dir: string, file: string, text: string, said: string, kinds: Record<string, string[]> }> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-alerts-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const { folder, said } = await makeAlertmanagerFiles(dir, settings)
  const file = join(folder, 'alertmanager.yml')
  const text = await readFile(file, 'utf8')
  const { receivers } = parse(text) as { receivers: readonly Receiver[] }
  return { dir, file, text, said, kinds: Object.fromEntries(receivers.map(({ name, ...kinds }) => [name, Object.keys(kinds).map((kind) => kind.replace('_configs', ''))])) }
}

describe('the receivers', () => {
  for (const { env = {}, secrets = {}, page, ticket } of [
    { page: [], ticket: [] },
    { env: WEBHOOK, page: ['webhook'], ticket: ['webhook'] },
    { secrets: SLACK, page: ['slack'], ticket: ['slack'] },
    { secrets: PAGERDUTY, page: ['pagerduty'], ticket: ['pagerduty'] },
    { env: WEBHOOK, secrets: SLACK, page: ['webhook', 'slack'], ticket: ['webhook', 'slack'] },
    { env: WEBHOOK, secrets: PAGERDUTY, page: ['webhook', 'pagerduty'], ticket: ['webhook'] },
    { secrets: { ...SLACK, ...PAGERDUTY }, page: ['slack', 'pagerduty'], ticket: ['slack'] },
    { env: { ...WEBHOOK, RUNBOOK_BASE_URL: 'https://code.example/drawbridge/' }, secrets: { ...SLACK, ...PAGERDUTY }, page: ['webhook', 'slack', 'pagerduty'], ticket: ['webhook', 'slack'] }
  ] as Array<AlertSettings & { page: string[], ticket: string[] }>) {
    it(`pages to ${page.join(', ') || 'nobody'}, tickets to ${ticket.join(', ') || 'nobody'}`, async (t) => {
      const { file, text, said, kinds } = await made(t, { env, secrets })
      assert.deepEqual(kinds, { page, ticket })
      assert.equal(/nobody is told/.test(said), page.length === 0, said)
      const { stdout } = await run(watcher('amtool'), ['check-config', file])
      assert.match(stdout, /SUCCESS/)
      assert.match(stdout, /- 2 receivers/)
      assert.doesNotMatch(text, /canary/)
      assert.equal(text.includes('https://code.example/drawbridge/{{'), env['RUNBOOK_BASE_URL'] !== undefined)
    })
  }

  it('secrets are in files of their own, as they are and without a line end; those that are gone are taken away', async (t) => {
    const { dir, file } = await made(t, { secrets: { ...SLACK, ...PAGERDUTY } })
    const beside = (name: string): string => join(dir, 'alertmanager', name)
    assert.equal(await readFile(beside('slack_webhook_url'), 'utf8'), SLACK.slack_webhook_url.trim())
    assert.equal((await stat(beside('pagerduty_routing_key'))).mode & 0o777, 0o444)
    await rm(join(dir, 'secrets', 'slack_webhook_url'))
    await makeAlertmanagerFiles(dir, { env: WEBHOOK })
    assert.equal(existsSync(beside('slack_webhook_url')), false)
    assert.doesNotMatch(await readFile(file, 'utf8'), /slack/)
  })

  it('a file whose first line was removed is the operator\'s, and stays', async (t) => {
    const { dir, file, text } = await made(t, { env: WEBHOOK })
    const own = text.split('\n').slice(1).join('\n')
    await rm(file)
    await writeFile(file, own)
    await makeAlertmanagerFiles(dir, { env: { ALERT_WEBHOOK_URL: 'https://another.example/' } })
    assert.equal(await readFile(file, 'utf8'), own)
  })

  for (const url of ['ftp://alerts.example/', 'https://alerts.example/"x', 'alerts.example', 'https://alerts.example/\'']) {
    it(`${JSON.stringify(url)} is refused`, async (t) => {
      await assert.rejects(made(t, { env: { ALERT_WEBHOOK_URL: `"${url}"` } }), /ALERT_WEBHOOK_URL has to be/)
    })
  }
})

describe('the routes', () => {
  it('pages go to page, tickets and whatever has no severity to ticket', async (t) => {
    const { file } = await made(t, { env: WEBHOOK })
    const receiverOf = async (...labels: string[]): Promise<string> => (await run(watcher('amtool'), ['config', 'routes', 'test', `--config.file=${file}`, ...labels])).stdout.trim()
    assert.equal(await receiverOf('severity=page', 'area=redis'), 'page')
    assert.equal(await receiverOf('severity=ticket', 'area=redis'), 'ticket')
    assert.equal(await receiverOf('area=redis'), 'ticket')
  })

  it('what hushes and what is hushed are alerts that there are', async (t) => {
    const { text } = await made(t, {})
    const { inhibit_rules: rules } = parse(text) as { inhibit_rules: ReadonlyArray<{ source_matchers: string[], target_matchers: string[] }> }
    const known = new Set(alertRules().flatMap(({ alert, labels }) => [alert, labels['area']]))
    const named = rules.flatMap(({ source_matchers: source, target_matchers: target }) => [...source, ...target]).flatMap((matcher) => /^(?:alertname|area)[!=~]+"(.*)"$/.exec(matcher)?.[1]?.split('|') ?? [])
    assert.ok(named.length > 10)
    for (const name of named) assert.ok(known.has(name), name)
  })
})
