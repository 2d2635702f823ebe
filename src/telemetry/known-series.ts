import { METRICS } from './catalogue.ts'
import type { CounterName } from './catalogue.ts'
import { CONFIGURED, LABEL_SETS } from './label-sets.ts'
import type { LabelSet } from './label-sets.ts'

/** A counter with more label sets than that for one server begins with its first event. */
const MOST_FOR_ONE = 10
/** Without a server, a counter is there once. */
const MOST_AT_ALL = 40
/** What happens all the time begins soon enough by itself. */
const FREQUENT: ReadonlySet<CounterName> = new Set(['calls_total', 'tenant_calls_total', 'cache_lookups_total'])
/** Of the methods, the one that alerts and service levels are about. */
const METHODS = ['tools/call']

/** A counter with all of its labels. */
export interface KnownSeries {
  readonly name: CounterName
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Counters that can be there at 0 before their first event. One that begins at 1 is seen by Prometheus to stand at 1, not to have
 * risen: `increase()` misses the first crash, and an alert on it never fires.
 * @param set a configured set with new values; absent = the counters that have only labels of closed sets
 */
export function * knownSeries (set?: LabelSet, values: Iterable<string> = []): Generator<KnownSeries> {
  const names = (Object.keys(METRICS) as CounterName[]).filter((name) => METRICS[name].kind === 'counter' && !FREQUENT.has(name))
  for (const value of set === undefined ? [''] : values) {
    for (const name of names) {
      const labels = Object.entries<LabelSet>(METRICS[name].labels)
      const open = labels.filter(([, of]) => LABEL_SETS[of] === CONFIGURED)
      if (open.length !== (set === undefined ? 0 : 1) || (set !== undefined && open[0]?.[1] !== set)) continue
      const all = combinations(labels.map(([label, of]) => [label, valuesOf(of, value)]))
      if (all.length <= (set === undefined ? MOST_AT_ALL : MOST_FOR_ONE)) for (const one of all) yield { name, labels: one }
    }
  }
}

function valuesOf (set: LabelSet, configured: string): readonly string[] {
  if (set === 'mcp_method') return METHODS
  const values: typeof CONFIGURED | readonly string[] = LABEL_SETS[set]
  return values === CONFIGURED ? [configured] : values as readonly string[]
}

function combinations (labels: ReadonlyArray<readonly [string, readonly string[]]>): Array<Record<string, string>> {
  return labels.reduce<Array<Record<string, string>>>((all, [label, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))), [{}])
}
