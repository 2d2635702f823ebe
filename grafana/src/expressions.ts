import { METRIC_PREFIX } from '../../src/telemetry/index.ts'
import type { CounterName, GaugeName, HistogramName, MetricName } from '../../src/telemetry/index.ts'

/**
 * PromQL over the gateway's own metrics. Names are those of the catalogue, so that the type checker refuses a dashboard that
 * asks for what the gateway lacks. Everything answers with a value: a counter with labels does not exist before its first event,
 * and "nothing has happened" is 0, not an empty panel.
 */

/** Matcher of the dashboard variable `replica`. */
export const REPLICA = 'replica=~"$replica"'
/** Matcher of the dashboard variable `server`. */
export const SERVER = 'server=~"$server"'
/** Matcher of the dashboard variable `tenant`. */
export const TENANT = 'tenant=~"$tenant"'

/** Series of one metric, of the replicas chosen, with further matchers. */
export function series (name: MetricName, ...matchers: readonly string[]): string {
  return selector(METRIC_PREFIX + name, matchers)
}

/** Events in a second, all together. */
export function perSecond (name: CounterName, ...matchers: readonly string[]): string {
  return orZero(`sum(${rateOf(name, matchers)})`)
}

/** Events in a second by a label; the value `none` at 0 while there are none. */
export function perSecondBy (label: string, name: CounterName, ...matchers: readonly string[]): string {
  return orNone(label, `sum by (${label}) (${rateOf(name, matchers)})`)
}

/** Events in the time that the dashboard shows. */
export function inRange (name: CounterName, ...matchers: readonly string[]): string {
  return orZero(`sum(increase(${series(name, ...matchers)}[$__range]))`)
}

/** A level, all replicas together. */
export function total (name: GaugeName, ...matchers: readonly string[]): string {
  return orZero(`sum(${series(name, ...matchers)})`)
}

/** A level by a label, all replicas together. */
export function totalBy (label: string, name: GaugeName, ...matchers: readonly string[]): string {
  return orNone(label, `sum by (${label}) (${series(name, ...matchers)})`)
}

/** A level, the highest of all replicas. */
export function highest (name: GaugeName, ...matchers: readonly string[]): string {
  return orZero(`max(${series(name, ...matchers)})`)
}

/** Seconds within which a share of the events were over; 0 while there are none. @param share 0 to 1 */
export function quantile (share: number, name: HistogramName, ...matchers: readonly string[]): string {
  return orZero(`(histogram_quantile(${share}, sum by (le) (${bucketRate(name, matchers)})) >= 0)`)
}

/** The same by a label; the value `none` at 0 while there are none. @param share 0 to 1 */
export function quantileBy (share: number, label: string, name: HistogramName, ...matchers: readonly string[]): string {
  return orNone(label, quantilesOf(share, label, name, ...matchers))
}

/** The same by a label, of those that have any. @param share 0 to 1 */
export function quantilesOf (share: number, label: string, name: HistogramName, ...matchers: readonly string[]): string {
  return `(histogram_quantile(${share}, sum by (le, ${label}) (${bucketRate(name, matchers)})) >= 0)`
}

/** What part is of a whole, 0 to 1; 0 while the whole is nothing. */
export function shareOf (part: string, whole: string): string {
  return orZero(`(${part}) / ((${whole}) > 0)`)
}

/** The rate of a counter, by series, for sums of one's own. */
export function rateOf (name: CounterName, matchers: readonly string[] = []): string {
  return `rate(${series(name, ...matchers)}[$__rate_interval])`
}

/** 0 while the expression has no series. */
export function orZero (expression: string): string {
  return `${expression} or vector(0)`
}

/** One series at 0 whose label says `none` while the expression has no series. */
export function orNone (label: string, expression: string): string {
  return `${expression} or on () label_replace(vector(0), "${label}", "none", "", "")`
}

/** 0 for the values of a label that only the base has: in tables each row has all of its cells. @param base what has every value */
export function orZeroOf (base: string, expression: string): string {
  return `${expression} or 0 * ${base}`
}

function bucketRate (name: HistogramName, matchers: readonly string[]): string {
  return `rate(${selector(`${METRIC_PREFIX}${name}_bucket`, matchers)}[$__rate_interval])`
}

function selector (metric: string, matchers: readonly string[]): string {
  return `${metric}{${[REPLICA, ...matchers].join(',')}}`
}
