import { createDashboard } from '../create-dashboard.ts'
import { orNone, perSecond, perSecondBy, quantile, rateOf, SERVER, shareOf, totalBy } from '../expressions.ts'
import { worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'

const KEPT = 'outcome=~"hit|stale"'
const REUSABLE = 'outcome!="bypass"'

/** Who is held back by limits, who waits, and what the cache saves. */
export const limitsAndCache = createDashboard({
  name: 'limits-and-cache',
  title: 'limits and cache',
  about: 'Who is held back, who waits for a turn, and what does the cache save the servers?',
  variables: ['replica', 'server'],
  shelves: [
    {
      heading: 'At a glance',
      height: 4,
      panels: [
        stat({ title: 'Requests over a limit', about: 'Refused a second: rate, concurrency and capacity limits together. Which: below.', unit: 'reqps', levels: worseFrom(1, 20), expr: perSecond('limit_refusals_total') }),
        stat({ title: 'Does anybody wait for a turn?', about: 'p95 of those over a concurrency limit. Above a second: callers run into their limit, or a server into its own.', unit: 's', levels: worseFrom(1, 10), expr: quantile(0.95, 'call_wait_seconds') }),
        stat({ title: 'Who decides about limits?', about: 'Share decided by this process alone because Redis did not answer. Above 0: limits hold for each replica, not for all together.', unit: 'percentunit', levels: wrongFrom(0.001), decimals: 1, expr: shareOf(`sum(${rateOf('limit_decisions_total', ['by="process"'])})`, `sum(${rateOf('limit_decisions_total')})`) }),
        stat({ title: 'How much comes from the cache?', about: 'Of lists, contents and results that may be reused.', unit: 'percentunit', decimals: 0, expr: shareOf(`sum(${rateOf('cache_lookups_total', [SERVER, KEPT])})`, `sum(${rateOf('cache_lookups_total', [SERVER, REUSABLE])})`) })
      ]
    },
    {
      heading: 'Who is held back?',
      height: 8,
      panels: [
        chart({ title: 'Which limits do callers meet?', about: 'user_, key_, tenant_: a caller\'s own. in_flight, memory, gateway_concurrency: the gateway has no more room, and that counts against its objective.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('limit', 'limit_refusals_total'), legend: '{{limit}}' }] }),
        chart({ title: 'Which quotas are used up?', about: 'They end with the day or month, UTC.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('quota', 'quota_refusals_total'), legend: '{{quota}}' }] }),
        chart({ title: 'Who is refused before credentials?', about: 'overloaded, connections: too much at once. host, origin: somebody uses another name or page. draining: a replica that leaves.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('reason', 'edge_refusals_total'), legend: '{{reason}}' }] })
      ]
    },
    {
      heading: 'Who waits?',
      height: 8,
      panels: [
        chart({ title: 'How long do calls wait for a turn?', about: 'Calls over a concurrency limit stand in line until their deadline.', unit: 's', queries: [0.5, 0.95, 0.99].map((share) => ({ expr: quantile(share, 'call_wait_seconds'), legend: `p${share * 100}` })) }),
        chart({ title: 'How do the waits end?', about: 'granted: they had their turn. deadline, shed: they did not.', unit: 'reqps', isStacked: true, queries: [{ expr: orNone('outcome', 'sum by (outcome) (rate(drawbridge_call_wait_seconds_count{replica=~"$replica"}[$__rate_interval]))'), legend: '{{outcome}}' }] }),
        chart({ title: 'Does Redis decide in time?', about: 'replicas: all together, as it should be. process: each alone. unanswered: asked, and too late.', unit: 'reqps', queries: [{ expr: perSecondBy('by', 'limit_decisions_total'), legend: '{{by}}' }, { expr: perSecond('limit_unanswered_total'), legend: 'unanswered' }] })
      ]
    },
    {
      heading: 'What does the cache save?',
      height: 8,
      panels: [
        chart({ title: 'Where do answers come from?', about: 'hit: kept. stale: kept, and read anew meanwhile. miss: asked of the server. bypass: a request of its own.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('outcome', 'cache_lookups_total', SERVER), legend: '{{outcome}}' }] }),
        chart({ title: 'Which server\'s answers are reused?', about: 'Share of what may be reused. Low: its lists change all the time, or each user has its own.', unit: 'percentunit', max: 1, queries: [{ expr: orNone('server', `sum by (server) (${rateOf('cache_lookups_total', [SERVER, KEPT])}) / (sum by (server) (${rateOf('cache_lookups_total', [SERVER, REUSABLE])}) > 0)`), legend: '{{server}}' }] }),
        chart({ title: 'How much memory does the cache take?', about: 'In each replica, as estimated. cache.maxBytes is the bound.', unit: 'bytes', queries: [{ expr: totalBy('replica', 'cache_bytes'), legend: '{{replica}}' }] }),
        chart({ title: 'Are repeated calls run once?', about: 'Calls with an idempotency key. joined, replayed: a repetition got the first one\'s answer. conflict: the same key for something else.', unit: 'reqps', queries: [{ expr: perSecondBy('outcome', 'idempotent_calls_total'), legend: '{{outcome}}' }] })
      ]
    }
  ]
})
