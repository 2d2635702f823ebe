import { AggregatorRegistry, Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import { aggregatorOf, withStart } from './across-processes.ts'
import { METRICS, METRIC_PREFIX } from './catalogue.ts'
import type { CounterName, GaugeName, HistogramName, Labels, MetricName } from './catalogue.ts'
import { CountCell, LevelCell } from './cells.ts'
import { BoundHistogram } from './histogram.ts'
import { knownSeries } from './known-series.ts'
import type { KnownSeries } from './known-series.ts'
import { CONFIGURED, LABEL_SETS, MOST_VALUES, OTHER } from './label-sets.ts'
import type { LabelSet } from './label-sets.ts'
import type { Count, Level, MetricRow, Observe } from './types.ts'

/** Sets whose values come from outside the code. */
export type ConfiguredSet = { [Set in LabelSet]: (typeof LABEL_SETS)[Set] extends typeof CONFIGURED ? Set : never }[LabelSet]

/** No argument for a metric without labels, otherwise all of them. */
type LabelArgs<Name extends MetricName> = keyof Labels<Name> extends never ? [] : [labels: Labels<Name>]

export interface TelemetryOptions {
  /** Drawbridge's own version, for `build_info`. */
  readonly version: string
  /** Names of the configured servers: the only values of the label `server` besides "other". */
  readonly servers: Iterable<string>
  /** Most series of all own metrics together. Default 5 000: 100 servers with every method and outcome fit. */
  readonly maxSeries?: number
}

/**
 * Everything that is counted. Handles may be kept: they stay valid until `close`. A label value outside its set becomes
 * "other", and so does every label once the cap on series is reached (T59); nothing here throws on a caller's value.
 */
export interface Telemetry {
  count<Name extends CounterName> (name: Name, ...labels: LabelArgs<Name>): Count
  level<Name extends GaugeName> (name: Name, ...labels: LabelArgs<Name>): Level
  observe<Name extends HistogramName> (name: Name, ...labels: LabelArgs<Name>): Observe
  /** Has `read` called before each scrape, to set levels that are cheaper to look up than to keep. */
  beforeScrape (read: () => void): void
  /** Adds values to a configured set: route patterns at start, server names at a reload. What is beyond the most of a set stays "other". */
  allow (set: ConfiguredSet, values: Iterable<string>): void
  /** Whether a value of a configured set is counted under its own name. Always false for what only a caller says. */
  allows (set: ConfiguredSet, value: string): boolean
  /** Everything in Prometheus' text format, with Node's own process metrics. */
  expose (): Promise<string>
  /** The same as data, for {@link exposeTogether}; crosses process borders. */
  snapshot (): Promise<unknown>
  readonly contentType: string
  /** Stops the collectors of the process metrics. */
  close (): void
}

type AnyMetric = Counter | Gauge | BoundHistogram
type Handle = CountCell | LevelCell | Observe

/** Builds the registry with every metric of the catalogue. */
export function createTelemetry (options: TelemetryOptions): Telemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = new Map<MetricName, AnyMetric>()
  for (const name of Object.keys(METRICS) as MetricName[]) metrics.set(name, createMetric(name, registry))
  const allowed = createAllowedValues()
  const handles = new Map<string, Handle>()
  const readers: Array<() => void> = []
  const maxSeries = options.maxSeries ?? 5000

  const bind = (name: MetricName, labels: Readonly<Record<string, string>> = {}): Handle => {
    const values = labelValues(name, labels, allowed)
    const key = [name, ...values].join('\0')
    const known = handles.get(key)
    if (known !== undefined) return known
    if (handles.size < maxSeries || values.every((value) => value === OTHER)) return keep(key, name, values)
    const refused = bind('series_refused_total') as CountCell
    refused.inc()
    return bind(name, Object.fromEntries(Object.keys(METRICS[name].labels).map((label) => [label, OTHER])))
  }
  const keep = (key: string, name: MetricName, values: readonly string[]): Handle => {
    const metric = metrics.get(name)
    if (metric === undefined) throw new Error(`metric ${name} is not registered`)
    const handle = createHandle(metric, Object.fromEntries(Object.keys(METRICS[name].labels).map((label, at) => [label, values[at] ?? OTHER])))
    handles.set(key, handle)
    return handle
  }

  /** Half of the cap is for what happens. */
  const bindAll = (all: Iterable<KnownSeries>): void => {
    for (const { name, labels } of all) if (handles.size < maxSeries / 2) bind(name, labels)
  }

  const bringUpToDate = (): void => {
    for (const read of readers) read()
    for (const handle of handles.values()) if ('flush' in handle) handle.flush()
  }

  const telemetry: Telemetry = {
    count: (name, ...labels) => bind(name, labels[0]) as CountCell,
    level: (name, ...labels) => bind(name, labels[0]) as LevelCell,
    observe: (name, ...labels) => bind(name, labels[0]) as Observe,
    beforeScrape: (read) => { readers.push(read) },
    allow: (set, values) => {
      const known = allowed.get(set)
      const added = [...values].filter((value) => known !== undefined && known.size < (MOST_VALUES[set] ?? Infinity) && known.size < known.add(value).size)
      bindAll(knownSeries(set, added))
    },
    allows: (set, value) => allowed.get(set)?.has(value) === true,
    expose: async () => {
      bringUpToDate()
      return await registry.metrics()
    },
    snapshot: async () => {
      bringUpToDate()
      return (await registry.getMetricsAsJSON()).map(withStart)
    },
    contentType: registry.contentType,
    close: () => { registry.clear() }
  }
  bindAll(knownSeries())
  telemetry.allow('server', options.servers)
  telemetry.allow('build', [options.version, process.version])
  telemetry.level('build_info', { version: options.version, node: process.version }).set(1)
  return telemetry
}

/** Snapshots of several processes as one; undefined = one that ended meanwhile: in Prometheus' text format. Counters, histograms and most levels are added up: across-processes.ts. */
export async function exposeTogether (snapshots: readonly unknown[]): Promise<string> {
  return await AggregatorRegistry.aggregate(snapshots.filter((snapshot) => snapshot !== undefined) as object[]).metrics()
}

function createMetric (name: MetricName, registry: Registry): AnyMetric {
  const row: MetricRow = METRICS[name]
  const common = { name: METRIC_PREFIX + name, help: row.help, labelNames: Object.keys(row.labels), registers: [registry], aggregator: aggregatorOf(name) }
  if (row.kind === 'counter') return new Counter(common)
  if (row.kind === 'gauge') return new Gauge(common)
  const histogram = new BoundHistogram(common.name, row.help, row.buckets ?? [])
  // The registry asks a metric for its name and its values and for nothing else; its type names the library's own classes.
  registry.registerMetric(histogram as unknown as Gauge)
  return histogram
}

function createHandle (metric: AnyMetric, labels: Record<string, string>): Handle {
  if (metric instanceof Counter) return new CountCell((by) => { metric.inc(labels, by) })
  if (metric instanceof Gauge) return new LevelCell((value) => { value === undefined ? metric.remove(labels) : metric.set(labels, value) })
  return metric.labels(labels)
}

function createAllowedValues (): ReadonlyMap<string, Set<string>> {
  return new Map(Object.entries(LABEL_SETS).map(([set, values]) => [set, new Set<string>(values === CONFIGURED ? [] : values)]))
}

function labelValues (name: MetricName, labels: Readonly<Record<string, string>>, allowed: ReadonlyMap<string, Set<string>>): string[] {
  return Object.entries(METRICS[name].labels).map(([label, set]) => {
    const value = labels[label]
    return value !== undefined && allowed.get(set)?.has(value) === true ? value : OTHER
  })
}
