import assert from 'node:assert/strict'
import { panelQueries, type DashboardQuery } from '../helpers/dashboards.ts'
import { metricsIn } from '../helpers/promql.ts'
import type { Stack, StackRow } from './types.ts'

/** Needs what this stack does not have: servers over HTTP, token issuers, a policy hook, calls that wait, something wrong. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'ALERTS', 'drawbridge_audit_sink_failing', 'drawbridge_call_wait_seconds_bucket', 'drawbridge_call_wait_seconds_count', 'drawbridge_circuit_open', 'drawbridge_jwks_stale_seconds', 'drawbridge_jwks_usable', 'drawbridge_policy_hook_seconds_bucket',
  'drawbridge_replica_hop_seconds_bucket'
])
/** Asks Prometheus one question after the other, in its container: one answer a line. */
const ASK_ALL = 'for query in "$@"; do wget -q -O - "http://127.0.0.1:9090/api/v1/query?query=$query"; echo; done'

interface Answer {
  readonly status: string
  readonly data: { readonly result: ReadonlyArray<{ readonly value: readonly [number, string] }> }
}

/** Every query of every dashboard has data, and what they ask for is really there. After a minute of load. */
export const dashboardsRow: StackRow = {
  name: 'dashboards have data',
  run: async (stack) => {
    const queries = panelQueries()
    const answers = await askAll(stack, queries.map(({ asked }) => asked))
    const bad = queries.filter((_, at) => !hasData(answers[at]))
    assert.deepEqual(bad.map(named), [], 'panels without data')
    // Most queries say 0 in place of what is not there, so that no panel is empty: here it is told apart.
    const metrics = [...new Set(queries.flatMap(({ expression }) => metricsIn(expression).map(({ metric }) => metric)))].filter((metric) => !NOT_HERE.has(metric))
    const counts = await askAll(stack, metrics.map((metric) => `count(${metric})`))
    assert.deepEqual(metrics.filter((_, at) => !hasData(counts[at])), [], 'metrics that nobody gives')
    const moving = queries.filter((_, at) => answers[at]?.data.result.some(({ value }) => Number(value[1]) !== 0))
    return `${queries.length} queries of ${new Set(queries.map(({ dashboard }) => dashboard)).size} dashboards answered with data, ${moving.length} of them more than 0; all ${metrics.length} metrics that they are about are there`
  }
}

async function askAll (stack: Stack, queries: readonly string[]): Promise<Answer[]> {
  const text = await stack.exec('prometheus', 'sh', '-c', ASK_ALL, 'sh', ...queries.map((query) => encodeURIComponent(query)))
  return text.trimEnd().split('\n').map((line) => line === '' ? { status: 'error', data: { result: [] } } : JSON.parse(line) as Answer)
}

function hasData (answer: Answer | undefined): boolean {
  return answer?.status === 'success' && answer.data.result.length > 0 && answer.data.result.every(({ value }) => Number.isFinite(Number(value[1])))
}

function named ({ dashboard, panel, asked }: DashboardQuery): string {
  return `${dashboard}, ${panel}: ${asked}`
}
