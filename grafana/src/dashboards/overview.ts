import { createDashboard } from '../create-dashboard.ts'
import { GATEWAY_JOB } from '../datasource.ts'
import { highest, orNone, orZero, orZeroOf, perSecond, perSecondBy, quantile, rateOf, REPLICA, series, total } from '../expressions.ts'
import { betterFrom, oddFrom, worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'
import { table } from '../panels/table.ts'
import { zeroIs } from '../panels/words.ts'

const GATEWAYS = `job="${GATEWAY_JOB}",${REPLICA}`
const ofReplicas = (expression: string): string => orZeroOf(`sum by (replica) (up{${GATEWAYS}})`, expression)

/** Is it well? One look, and where to look next. */
export const overview = createDashboard({
  name: 'overview',
  title: 'overview',
  about: 'Is it well? One look at calls, failures that are ours, waiting times, and how full the replicas are.',
  variables: ['replica'],
  shelves: [
    {
      heading: 'Is it well?',
      height: 4,
      panels: [
        stat({ title: 'Are all replicas up?', about: 'Replicas that answer a scrape, of those that serve. Red: one is down or cannot be reached; look at `docker compose ps`.', unit: 'percentunit', levels: betterFrom(0.99, 1), decimals: 0, expr: orZero(`avg(up{${GATEWAYS}})`) }),
        stat({ title: 'What fails because of us?', about: 'Share of tool calls that the gateway itself could not do: faults of its own, no room, no way to tell who calls. What servers answer does not count. Objective: 0.1 % in 30 days.', unit: 'percentunit', levels: worseFrom(0.001, 0.01), decimals: 2, expr: orZero('gateway:slo_errors:ratio_rate5m') }),
        stat({ title: 'How much error budget is left?', about: 'Of what may fail in 30 days. At 0 the objective is missed: see the dashboard of service levels.', unit: 'percentunit', levels: betterFrom(0.1, 0.25), decimals: 1, expr: 'gateway:slo_error_budget:remaining30d or vector(1)' }),
        stat({ title: 'How many alerts are firing?', about: 'The table below names them; the page behind "Alerts" leads to what to do about each.', unit: 'short', levels: wrongFrom(1), words: zeroIs('none'), expr: orZero('count(ALERTS{alertstate="firing"})') })
      ]
    },
    {
      heading: 'How much is going on?',
      height: 4,
      panels: [
        stat({ title: 'Calls a second', about: 'JSON-RPC requests of clients that ended, of all methods.', unit: 'reqps', expr: perSecond('calls_total') }),
        stat({ title: 'How long does a call take?', about: '95 % of calls take at most this long, servers\' own time included.', unit: 's', levels: worseFrom(2.5, 10), expr: quantile(0.95, 'call_seconds') }),
        stat({ title: 'Open sessions', about: 'Of clients of the session era, over both transports.', unit: 'short', expr: total('sessions_open') }),
        stat({ title: 'How full is the memory?', about: 'Of the fullest replica: of its container\'s limit or its heap\'s. From 85 % on it gives things up.', unit: 'percentunit', levels: worseFrom(0.75, 0.85), decimals: 0, expr: highest('memory_used_ratio') })
      ]
    },
    {
      heading: 'How is it for callers?',
      height: 8,
      panels: [
        chart({ title: 'How do calls end?', about: 'tool_error: the tool says that it failed. error: the server or the gateway could not answer. Refused calls are below.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('outcome', 'calls_total'), legend: '{{outcome}}' }] }),
        chart({ title: 'How long do callers wait?', about: 'From a call\'s arrival to its answer. If only p99 rises, look at single servers; if all rise, at the replicas.', unit: 's', queries: [0.5, 0.95, 0.99].map((share) => ({ expr: quantile(share, 'call_seconds'), legend: `p${share * 100}` })) }),
        chart({
          title: 'What is refused?',
          about: 'Limits and quotas: a caller wants more than was agreed. Credentials: somebody tries keys, or tokens expired. Rules: a client uses what it may not.',
          unit: 'reqps',
          isStacked: true,
          queries: [
            { expr: perSecond('limit_refusals_total'), legend: 'limits' },
            { expr: perSecond('quota_refusals_total'), legend: 'quotas' },
            { expr: perSecond('auth_refusals_total'), legend: 'credentials' },
            { expr: perSecond('policy_refusals_total'), legend: 'rules' },
            { expr: perSecond('edge_refusals_total'), legend: 'before credentials' }
          ]
        })
      ]
    },
    {
      heading: 'Where to look next',
      height: 8,
      widths: [16, 8],
      panels: [
        table({
          title: 'Which replica is how busy?',
          about: 'One that does much more than the others has the busier users: a user\'s workers are all on one replica.',
          by: 'replica',
          columns: [
            { legend: 'calls', unit: 'reqps', expr: ofReplicas(`sum by (replica) (${rateOf('calls_total')})`) },
            { legend: 'requests open', unit: 'short', expr: ofReplicas(`sum by (replica) (${series('http_requests_in_flight')})`) },
            { legend: 'sessions', unit: 'short', expr: ofReplicas(`sum by (replica) (${series('sessions_open')})`) },
            { legend: 'workers', unit: 'short', expr: ofReplicas(`sum by (replica) (${series('workers_running')})`) },
            { legend: 'memory', unit: 'percentunit', levels: worseFrom(0.75, 0.85), decimals: 0, expr: ofReplicas(`max by (replica) (${series('memory_used_ratio')})`) },
            { legend: 'CPU', unit: 'percentunit', levels: worseFrom(0.7, 0.9), decimals: 0, expr: ofReplicas(`sum by (replica) (rate(process_cpu_seconds_total{${GATEWAYS}}[$__rate_interval]))`) },
            { legend: 'event loop', unit: 's', levels: worseFrom(0.05, 0.2), expr: ofReplicas(`max by (replica) (${series('event_loop_delay_seconds')})`) }
          ]
        }),
        table({
          title: 'Which alerts are firing?',
          about: 'What to do about each: its section in docs/operations/on-call.md.',
          by: 'alertname',
          columns: [{ legend: 'firing', unit: 'short', levels: oddFrom(1), expr: orNone('alertname', 'count by (alertname, severity) (ALERTS{alertstate="firing"})') }]
        })
      ]
    }
  ]
})
