/** The way of an alert: a gateway that is killed, the rules in a real Prometheus, a real Alertmanager, and whoever is told. */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { makeAlertmanagerFiles } from '../helpers/alertmanager-files.ts'
import { alertRules, prometheusDir, recordingRules } from '../helpers/alert-rules.ts'
import { freePort } from '../helpers/free-port.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { probe } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { startAlertmanager, startAlertReceiver, startPrometheus, type AlertReceiver, type ToldAlert, type Watcher } from '../helpers/watchers.ts'

const TOKEN = 'management-token-of-this-test-0123456789'

describe('alerts of two gateways', () => {
  let dir: string
  let receiver: AlertReceiver
  let alertmanager: Watcher
  let prometheus: Watcher
  let killed: TestGateway
  let other: TestGateway
  /** What was started, to be stopped the last first, however far it went. */
  const running: Array<{ stop (): Promise<unknown> }> = []
  const kept = <T extends { stop (): Promise<unknown> }>(started: T): T => {
    running.unshift(started)
    return started
  }

  const startOne = async (managementPort: number): Promise<TestGateway> => kept(await startGateway({
    config: { mcpServers: { probe: probe() } },
    env: { DRAWBRIDGE_MANAGEMENT_TOKEN: TOKEN, DRAWBRIDGE_MANAGEMENT_PORT: String(managementPort) }
  }))
  /** An alert that is told of after the first `earlier`, which were of other steps. */
  const told = async (earlier: number, name: string, status: ToldAlert['status'], replica?: string): Promise<ToldAlert> => await until(`${name} ${replica ?? ''} is told of: ${status}`, () => {
    return receiver.alerts.slice(earlier).find((alert) => alert.labels['alertname'] === name && alert.status === status && alert.labels['replica'] === replica)
  }, 40_000)
  const ask = async (query: string): Promise<ReadonlyArray<{ readonly metric: Record<string, string>, readonly value: [number, string] }>> => {
    const answer = await fetch(`${prometheus.url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query }) })
    return (await answer.json() as { data: { result: Array<{ metric: Record<string, string>, value: [number, string] }> } }).data.result
  }
  const port = (gateway: TestGateway): number => Number(new URL(gateway.managementUrl).port)

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-alerts-'))
    receiver = kept(await startAlertReceiver());
    [killed, other] = await Promise.all([startOne(await freePort()), startOne(0)])
    alertmanager = kept(await startAlertmanager(await alertmanagerConfig(dir, receiver.url), dir))
    await writeFile(join(dir, 'token'), TOKEN)
    await writeFile(join(dir, 'gateways.json'), JSON.stringify([{ targets: [`127.0.0.1:${port(killed)}`], labels: { replica: 'b1' } }, { targets: [`127.0.0.1:${port(other)}`], labels: { replica: 'b2' } }]))
    prometheus = kept(await startPrometheus(await prometheusConfig(dir, alertmanager.url), dir))
  })
  after(async () => {
    for (const started of running) await started.stop()
    await rm(dir, { recursive: true, force: true })
  })

  it('both are scraped, every rule is evaluated, and neither has an alert', async () => {
    await until('both are scraped', async () => (await ask('up{job="gateway"} == 1')).length === 2, 30_000)
    await until('the recording rules have been evaluated', async () => (await ask('replica:process_open_fds:ratio')).length === 2, 30_000)
    const all = await until('every rule has been evaluated', async () => {
      const { data } = await (await fetch(`${prometheus.url}/api/v1/rules`)).json() as { data: { groups: ReadonlyArray<{ rules: ReadonlyArray<{ name: string, health: string, lastError?: string }> }> } }
      const known = data.groups.flatMap((group) => group.rules)
      return known.every(({ health }) => health !== 'unknown') && known
    }, 30_000)
    assert.equal(all.length, alertRules().length + recordingRules().length)
    assert.deepEqual(all.filter(({ health }) => health !== 'ok'), [])
    // Rules are looked at once before the first scrape, and see nobody then.
    await until('no rule has an alert', async () => (await ask('ALERTS{alertname!="ProbeAbsent"}')).length === 0, 30_000)
    await until('nobody is told of one any more', async () => (await namesAt(alertmanager, 'active')).length === 0, 30_000)
  })

  it('one that is killed is told of as a page, in words, and that it is over, when it is back; the other one is not', async () => {
    const beforeKill = receiver.alerts.length
    killed.kill('SIGKILL')
    const alert = await told(beforeKill, 'GatewayDown', 'firing', 'b1')
    assert.equal(alert.receiver, 'page')
    assert.equal(alert.labels['severity'], 'page')
    assert.match(alert.annotations['description'] ?? '', /^Replica b1 \(127\.0\.0\.1:\d+\) has not answered/)
    assert.equal(alert.annotations['runbook_url'], 'docs/operations/on-call.md#gatewaydown')
    const beforeReturn = receiver.alerts.length
    await startOne(port(killed))
    assert.equal((await told(beforeReturn, 'GatewayDown', 'resolved', 'b1')).receiver, 'page')
    assert.deepEqual(receiver.alerts.slice(beforeKill).filter(({ labels }) => labels['alertname'] === 'AllGatewaysDown' || (labels['alertname'] === 'GatewayDown' && labels['replica'] !== 'b1')), [])
  })

  it('a page hushes the ticket about the same thing, of the same replica only; all down hushes what follows from it', async () => {
    const post = async (alerts: ReadonlyArray<Record<string, string>>): Promise<void> => {
      const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(alerts.map((labels) => ({ labels }))) })
      assert.equal(answer.status, 200)
    }
    const beforeMemory = receiver.alerts.length
    await post([
      { alertname: 'MemoryFull', severity: 'page', area: 'process', pair: 'memory', replica: 'x1' },
      { alertname: 'MemoryHigh', severity: 'ticket', area: 'process', pair: 'memory', replica: 'x1' },
      { alertname: 'MemoryHigh', severity: 'ticket', area: 'process', pair: 'memory', replica: 'x2' },
      { alertname: 'ConfigRefused', severity: 'ticket', area: 'process', replica: 'x1' }
    ])
    const names = async (state: 'active' | 'suppressed'): Promise<string[]> => await namesAt(alertmanager, state)
    await until('one of four is hushed', async () => (await names('suppressed')).join() === 'MemoryHigh x1' && (await names('active')).filter((name) => / x\d$/.test(name)).join() === 'ConfigRefused x1,MemoryFull x1,MemoryHigh x2')
    for (const [name, replica] of [['ConfigRefused', 'x1'], ['MemoryFull', 'x1'], ['MemoryHigh', 'x2']] as const) await told(beforeMemory, name, 'firing', replica)
    assert.ok(!receiver.alerts.some(({ labels }) => labels['alertname'] === 'MemoryHigh' && labels['replica'] === 'x1'))
    const beforeAll = receiver.alerts.length
    await post([{ alertname: 'AllGatewaysDown', severity: 'page', area: 'availability' }, { alertname: 'RedisDown', severity: 'page', area: 'redis' }])
    await until('only what does not follow is told', async () => {
      const active = await names('active')
      return active.includes('AllGatewaysDown') && active.includes('RedisDown') && !active.some((name) => /Memory|Config/.test(name))
    })
    for (const name of ['AllGatewaysDown', 'RedisDown']) assert.equal((await told(beforeAll, name, 'firing')).receiver, 'page')
  })
})

/** Alerts that Alertmanager has now, with their replica. */
async function namesAt ({ url }: Watcher, state: 'active' | 'suppressed'): Promise<string[]> {
  const alerts = await (await fetch(`${url}/api/v2/alerts`)).json() as ReadonlyArray<{ labels: Record<string, string>, status: { state: string } }>
  return alerts.filter(({ labels, status }) => status.state === state && labels['alertname'] !== 'ProbeAbsent').map(({ labels }) => `${labels['alertname']} ${labels['replica'] ?? ''}`.trim()).sort()
}

/** The stack's own, for this machine: quick, and without the exporters that are not here. */
async function prometheusConfig (dir: string, alertmanagerUrl: string): Promise<string> {
  await cp(join(prometheusDir, 'rules'), join(dir, 'rules'), { recursive: true })
  for (const name of await readdir(join(dir, 'rules'))) {
    const path = join(dir, 'rules', name)
    await writeFile(path, (await readFile(path, 'utf8')).replace(/^ {8}for: .*$/gm, '        for: 2s').replace(/^ {4}interval: .*$/gm, '    interval: 1s'))
  }
  const text = (await readFile(join(prometheusDir, 'prometheus.yml'), 'utf8')).replace('/run/secrets/management_token', join(dir, 'token')).replace('/etc/prometheus-targets', dir).replace(/alertmanager:9093/g, new URL(alertmanagerUrl).host)
  const config = parse(text) as { global: Record<string, string>, scrape_configs: Array<{ job_name: string }> }
  const path = join(dir, 'prometheus.yml')
  await writeFile(path, stringify({ ...config, global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }, scrape_configs: config.scrape_configs.filter(({ job_name: job }) => job === 'gateway') }))
  return path
}

/** What scripts/init makes of a webhook's address; only the waits for more of the same are shorter. */
async function alertmanagerConfig (dir: string, webhook: string): Promise<string> {
  const { folder } = await makeAlertmanagerFiles(dir, { env: { ALERT_WEBHOOK_URL: webhook } })
  const path = join(dir, 'alertmanager.yml')
  await writeFile(path, (await readFile(join(folder, 'alertmanager.yml'), 'utf8')).replace(/(group_wait|group_interval): .*/g, '$1: 1s'))
  return path
}
