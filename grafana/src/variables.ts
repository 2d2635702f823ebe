import { QueryVariableBuilder, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard'
import { GATEWAY_JOB, PROMETHEUS } from './datasource.ts'

/** What can be chosen at the top of a dashboard. */
export type VariableName = 'replica' | 'server' | 'tenant'

/** Where the values of each come from: what Prometheus has seen in the time that is shown. */
const SOURCES: Readonly<Record<VariableName, string>> = {
  replica: `label_values(up{job="${GATEWAY_JOB}"}, replica)`,
  server: 'label_values(drawbridge_workers_running, server)',
  tenant: 'label_values(drawbridge_tenant_calls_total, tenant)'
}

/** A choice of any number of values, all of them at first. */
export function createVariable (name: VariableName): QueryVariableBuilder {
  const query = SOURCES[name]
  return new QueryVariableBuilder(name)
    .label(name)
    .datasource(PROMETHEUS)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] })
}
