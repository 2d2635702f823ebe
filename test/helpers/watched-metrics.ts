import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { createTelemetry, METRICS, METRIC_PREFIX, type MetricRow } from '../../src/telemetry/index.ts'
import { metricsIn } from './promql.ts'

/** Labels that a scrape adds: prometheus/prometheus.yml. */
const OF_SCRAPES = ['job', 'instance', 'replica']

/** What the exporters of docker-compose.yml give, as far as dashboards and rules use it: nginx-prometheus-exporter, blackbox_exporter, redis_exporter. `npm run test:stack` sees them. */
const OF_EXPORTERS: Readonly<Record<string, readonly string[]>> = {
  nginx_connections_accepted: [],
  nginx_connections_active: [],
  nginx_connections_handled: [],
  nginx_connections_reading: [],
  nginx_connections_waiting: [],
  nginx_connections_writing: [],
  nginx_http_requests_total: [],
  nginx_up: [],
  probe_duration_seconds: [],
  probe_ssl_earliest_cert_expiry: [],
  probe_success: [],
  redis_aof_delayed_fsync: [],
  redis_aof_last_bgrewrite_status: [],
  redis_aof_last_write_status: [],
  redis_connected_clients: [],
  redis_db_keys: ['db'],
  redis_evicted_keys_total: [],
  redis_memory_max_bytes: [],
  redis_memory_used_bytes: [],
  redis_rdb_last_bgsave_status: [],
  redis_rejected_connections_total: [],
  redis_up: []
}

/** Of Prometheus and Alertmanager themselves. */
const OF_PROMETHEUS: Readonly<Record<string, readonly string[]>> = {
  up: [],
  ALERTS: ['alertname', 'alertstate', 'severity'],
  alertmanager_config_last_reload_successful: [],
  alertmanager_notifications_failed_total: ['integration', 'reason'],
  prometheus_config_last_reload_successful: [],
  prometheus_notifications_alertmanagers_discovered: [],
  prometheus_notifications_errors_total: ['alertmanager'],
  prometheus_rule_evaluation_failures_total: ['rule_group']
}

/** Every metric that the stack's Prometheus has, with its labels: the catalogue, Node's own, exporters, recording rules. */
export async function watchedMetrics (): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  return new Map([...ownMetrics(), ...await processMetrics(), ...Object.entries({ ...OF_EXPORTERS, ...OF_PROMETHEUS }), ...recordedMetrics()]
    .map(([name, labels]) => [name, new Set([...labels, ...OF_SCRAPES])]))
}

function ownMetrics (): Array<readonly [string, readonly string[]]> {
  return Object.entries<MetricRow>(METRICS).flatMap(([name, { kind, labels }]) => seriesOf(METRIC_PREFIX + name, kind, Object.keys(labels)))
}

/** Of Node and of the process, read from where they are made. */
async function processMetrics (): Promise<Array<readonly [string, readonly string[]]>> {
  const telemetry = createTelemetry({ version: '0', servers: [] })
  const text = await telemetry.expose()
  telemetry.close()
  return [...text.matchAll(/^# TYPE ((?:process|nodejs)_\w+) (\w+)$/gm)].flatMap(([, name = '', kind = '']) => seriesOf(name, kind, ['kind', 'space', 'type', 'version']))
}

function seriesOf (name: string, kind: string, labels: readonly string[]): Array<readonly [string, readonly string[]]> {
  if (kind !== 'histogram') return [[name, labels]]
  return [[`${name}_bucket`, [...labels, 'le']], [`${name}_sum`, labels], [`${name}_count`, labels]]
}

function recordedMetrics (): Array<readonly [string, readonly string[]]> {
  const folder = new URL('../../prometheus/rules/', import.meta.url)
  return readdirSync(folder).flatMap((file) => {
    const { groups } = parse(readFileSync(new URL(file, folder), 'utf8')) as { groups: ReadonlyArray<{ rules: ReadonlyArray<{ record?: string, expr: string }> }> }
    return groups.flatMap(({ rules }) => rules.flatMap(({ record, expr }) => record === undefined ? [] : [[record, metricsIn(expr).flatMap(({ labels }) => [...labels])] as const]))
  })
}
