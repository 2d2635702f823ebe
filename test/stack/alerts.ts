import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { alertRules, recordingRules } from '../helpers/alert-rules.ts'
import { metricsIn } from '../helpers/promql.ts'
import { until } from '../helpers/until.ts'
import { startAlertReceiver } from '../helpers/watchers.ts'
import type { ToldAlert } from '../helpers/watchers.ts'
import type { Stack, StackRow } from './types.ts'

/** Everything that prometheus.yml names: two gateways, the probe, three exporters, and the two watchers themselves. */
const TARGETS = 8
/** `for` of GatewayDown (120 s), and what scraping, evaluating and grouping may add. */
const TOLD_MS = 240_000
/** A gateway's start, a scrape, and the group's interval of a minute. */
const OVER_MS = 240_000

/** What is watched is there, under the names that the rules have for it. */
export const targetsRow: StackRow = {
  name: 'targets are up, and no alert fires',
  run: async (stack) => {
    const up = await until('all targets are up', async () => {
      const found = await stack.promQuery('up')
      return found.length >= TARGETS && found.every(({ value }) => value === 1) && found
    }, 90_000)
    assert.equal(up.length, TARGETS)
    // The first probe may have come before nginx was up.
    await until('the probe gets through', async () => (await stack.promQuery('probe_success{job="probe"}'))[0]?.value === 1, 60_000)
    assert.ok(((await stack.promQuery('probe_ssl_earliest_cert_expiry{job="probe"} - time()'))[0]?.value ?? 0) > 21 * 86_400)
    const names = new Set([...alertRules(), ...recordingRules()].flatMap(({ expr }) => metricsIn(expr).map(({ metric }) => metric)).filter((name) => /^(?:redis|nginx|probe|prometheus)_/.test(name)))
    assert.ok(names.size > 10)
    for (const name of names) assert.ok((await stack.promQuery(name)).length > 0, `no exporter has ${name}`)
    const firing = await stack.promQuery('ALERTS{alertstate="firing"}')
    assert.deepEqual(firing.map(({ labels }) => labels['alertname']), [])
    return `${up.length} targets, ${names.size} metrics of exporters that rules ask for, 0 alerts`
  }
}

/** A replica is killed: somebody is told, and told again when it is back. */
export const deliveredRow: StackRow = {
  name: 'alerts delivered',
  run: async (stack) => {
    // This machine, as the network of Alertmanager sees it.
    const receiver = await startAlertReceiver(`${stack.subnet}.129`)
    const told = async (status: ToldAlert['status'], withinMs: number): Promise<ToldAlert> => await until(`GatewayDown is told of as ${status}`, () => receiver.alerts.find((alert) => alert.labels['alertname'] === 'GatewayDown' && alert.status === status), withinMs)
    try {
      await tell(stack, receiver.url)
      await stack.compose('kill', 'gateway-blue-2')
      const beginMs = performance.now()
      const alert = await told('firing', TOLD_MS)
      const toldSeconds = (performance.now() - beginMs) / 1000
      assert.equal(alert.receiver, 'page')
      assert.equal(alert.labels['replica'], 'b2')
      assert.ok(toldSeconds >= 100, `told after ${toldSeconds} s: a deployment would be told of, too`)
      await stack.compose('up', '-d', '--no-build', '--wait', 'gateway-blue-2')
      const backMs = performance.now()
      await told('resolved', OVER_MS)
      return `one replica killed, a page after ${toldSeconds.toFixed(0)} s, over ${((performance.now() - backMs) / 1000).toFixed(0)} s after it was back`
    } finally {
      await receiver.stop()
    }
  }
}

/** Names a webhook as an operator would: in .env, then scripts/init, then Alertmanager reads its configuration again. */
async function tell (stack: Stack, url: string): Promise<void> {
  appendFileSync(stack.env['DRAWBRIDGE_ENV_FILE'] ?? '', `\nALERT_WEBHOOK_URL=${url}\n`)
  await stack.script('init')
  await stack.compose('kill', '-s', 'HUP', 'alertmanager')
  await until('Alertmanager has read its configuration', async () => (await stack.exec('alertmanager', 'amtool', '--alertmanager.url=http://127.0.0.1:9093', 'config', 'show')).includes('webhook_configs'), 20_000)
}
