import type { GaugeName, MetricName } from './catalogue.ts'

/** How the rows of several processes become one, by the library's names for it. */
export type Aggregator = 'sum' | 'max' | 'min'

/** The same in every process, or a fault of each of them: the highest counts. */
const HIGHEST: ReadonlySet<MetricName> = new Set<GaugeName>([
  'audit_sink_failing', 'build_info', 'circuit_open', 'config_refused', 'config_revision', 'event_loop_delay_seconds', 'jwks_stale_seconds', 'memory_used_ratio', 'replicas_live'
])
/** What has to be there in each of them: the lowest counts. Added up, one that has it would hide one that lacks it. */
const LOWEST: ReadonlySet<MetricName> = new Set<GaugeName>(['jwks_usable', 'redis_up', 'revocations_known'])

/** What becomes of a metric with `processes: N`: counters, histograms and whatever is counted in pieces are added up. */
export function aggregatorOf (name: MetricName): Aggregator {
  if (HIGHEST.has(name)) return 'max'
  return LOWEST.has(name) ? 'min' : 'sum'
}

/** A row of a registry as data, as far as it is looked at here. */
interface Row { readonly name: string, readonly aggregator?: string }

/** The library leaves a process's start out of what it puts together; with the youngest one's, a process that starts again and again shows. */
export function withStart<Any extends Row> (row: Any): Any {
  return row.name === 'process_start_time_seconds' ? { ...row, aggregator: 'max' } : row
}
