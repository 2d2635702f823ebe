import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { access } from './access.ts'
import { httpAndUpstreams } from './http-and-upstreams.ts'
import { limitsAndCache } from './limits-and-cache.ts'
import { overview } from './overview.ts'
import { processes } from './processes.ts'
import { redis } from './redis.ts'
import { servers } from './servers.ts'
import { slo } from './slo.ts'
import { tenants } from './tenants.ts'
import { workers } from './workers.ts'

/** Every dashboard, by the name of its file, in the order in which one would look. */
export const DASHBOARDS: ReadonlyMap<string, Dashboard> = new Map([
  ['overview', overview],
  ['slo', slo],
  ['servers', servers],
  ['tenants', tenants],
  ['access', access],
  ['workers', workers],
  ['limits-and-cache', limitsAndCache],
  ['http-and-upstreams', httpAndUpstreams],
  ['redis', redis],
  ['processes', processes]
])

/** A dashboard as its file holds it. */
export function textOf (dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, undefined, 2)}\n`
}
