import { createDashboard } from '../create-dashboard.ts'
import { orNone, orZero, perSecond, perSecondBy, quantileBy, rateOf, REPLICA, shareOf, total } from '../expressions.ts'
import { betterFrom, oddFrom, worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'
import { zeroIs } from '../panels/words.ts'

/** The way in (TLS, nginx, HTTP) and the way on (servers over HTTP). */
export const httpAndUpstreams = createDashboard({
  name: 'http-and-upstreams',
  title: 'HTTP and upstreams',
  about: 'Does the way in work, from TLS to the gateways, and the way on, to servers over HTTP?',
  variables: ['replica'],
  shelves: [
    {
      heading: 'Does the way in work?',
      height: 4,
      panels: [
        stat({ title: 'Can clients get in?', about: 'Of the probes in the last five minutes that asked /ready over TLS and through nginx, as a client does: the share that worked.', unit: 'percentunit', levels: betterFrom(0.95, 1), decimals: 0, expr: orZero('avg(avg_over_time(probe_success{job="probe"}[5m]))') }),
        stat({ title: 'When does the certificate end?', about: 'Red in the last week: scripts/renew-certificate, or whatever renews it, did not run.', unit: 's', levels: betterFrom(7 * 86_400, 21 * 86_400), expr: orZero('min(probe_ssl_earliest_cert_expiry{job="probe"}) - time()') }),
        stat({ title: 'How many answers are 5xx?', about: 'Share of HTTP answers. 503 while a replica drains is meant; nginx asks another.', unit: 'percentunit', levels: worseFrom(0.001, 0.01), decimals: 2, expr: shareOf(`sum(${rateOf('http_requests_total', ['status_class="5xx"'])})`, `sum(${rateOf('http_requests_total')})`) }),
        stat({ title: 'Which servers are held back?', about: 'Open circuits of servers over HTTP.', unit: 'short', levels: wrongFrom(1), words: zeroIs('none'), expr: total('circuit_open') })
      ]
    },
    {
      heading: 'nginx',
      height: 8,
      panels: [
        chart({ title: 'How many connections does nginx hold?', about: 'waiting: kept alive or open streams. reading, writing: at work.', unit: 'short', isStacked: true, queries: ['waiting', 'writing', 'reading'].map((state) => ({ expr: orZero(`sum(nginx_connections_${state})`), legend: state })) }),
        chart({ title: 'Does nginx turn connections away?', about: 'Accepted and not handled: worker_connections are used up.', unit: 'reqps', levels: wrongFrom(1), queries: [{ expr: orZero('sum(rate(nginx_connections_accepted[$__rate_interval])) - sum(rate(nginx_connections_handled[$__rate_interval]))'), legend: 'turned away' }] }),
        chart({ title: 'Do requests reach the gateways?', about: 'What nginx was asked for and the gateways were not was answered, limited or redirected by nginx itself.', unit: 'reqps', queries: [{ expr: orZero('sum(rate(nginx_http_requests_total[$__rate_interval]))'), legend: 'nginx' }, { expr: perSecond('http_requests_total'), legend: 'gateways' }] })
      ]
    },
    {
      heading: 'The gateways',
      height: 8,
      panels: [
        chart({ title: 'How are requests answered?', about: '4xx: the caller. 5xx: the gateway, or a server that is away.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('status_class', 'http_requests_total'), legend: '{{status_class}}' }] }),
        chart({ title: 'Which routes are slow?', about: 'p95 of whole answers. Streams last as long as their clients like: GET /mcp and /sse say nothing here.', unit: 's', queries: [{ expr: quantileBy(0.95, 'route', 'http_request_seconds'), legend: '{{route}}' }] }),
        chart({
          title: 'What is kept open?',
          about: 'sessions and streams of the session era, subscriptions and parked calls of 2026-07-28.',
          unit: 'short',
          queries: [
            { expr: total('http_requests_in_flight'), legend: 'requests' },
            { expr: total('sessions_open'), legend: 'sessions' },
            { expr: total('sse_streams_open'), legend: 'streams' },
            { expr: total('listens_open'), legend: 'subscriptions' },
            { expr: total('parked_calls'), legend: 'parked calls' }
          ]
        }),
        chart({ title: 'Who does not read?', about: 'Connections cut because clients did not take their answers, and events dropped that nobody read.', unit: 'reqps', levels: oddFrom(1), queries: [{ expr: perSecondBy('reason', 'slow_readers_cut_total'), legend: 'cut: {{reason}}' }, { expr: perSecond('events_dropped_total'), legend: 'events dropped' }] })
      ]
    },
    {
      heading: 'Servers over HTTP',
      height: 8,
      panels: [
        chart({ title: 'Which circuits are open?', about: '1: calls to this server are refused at once, and every now and then one is tried.', unit: 'short', max: 1, queries: [{ expr: orNone('server', `max by (server) (drawbridge_circuit_open{${REPLICA}})`), legend: '{{server}}' }] }),
        chart({ title: 'How often is something sent again?', about: 'Requests not sent before, or repeatable. Rises before a circuit opens.', unit: 'reqps', queries: [{ expr: perSecondBy('server', 'upstream_retries_total'), legend: '{{server}}' }] }),
        chart({ title: 'How many calls do circuits refuse?', about: 'Their callers were told at once instead of waiting.', unit: 'reqps', queries: [{ expr: perSecondBy('server', 'circuit_refusals_total'), legend: '{{server}}' }] }),
        chart({ title: 'Do we get tokens and keys?', about: 'failed: an authorization server refuses the gateway, or an issuer cannot be reached.', unit: 'reqps', queries: [{ expr: perSecondBy('outcome', 'upstream_token_fetch_total'), legend: 'tokens: {{outcome}}' }, { expr: perSecondBy('outcome', 'jwks_fetch_total'), legend: 'key sets: {{outcome}}' }, { expr: perSecondBy('outcome', 'introspections_total'), legend: 'introspection: {{outcome}}' }] })
      ]
    }
  ]
})
