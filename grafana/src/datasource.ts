import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common'

/** The Prometheus of the stack, by the uid that grafana/provisioning/datasources gives it. */
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: 'prometheus' }

/** Name of the scrape job of the gateways in prometheus/prometheus.yml: tells their process metrics from those of exporters. */
export const GATEWAY_JOB = 'gateway'
