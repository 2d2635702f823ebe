import { createDashboard } from '../create-dashboard.ts'
import { inRange, orZero, orZeroOf, perSecond, perSecondBy, quantile, quantileBy, quantilesOf, rateOf, SERVER, series, shareOf } from '../expressions.ts'
import { oddFrom, worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'
import { table } from '../panels/table.ts'
import { zeroIs } from '../panels/words.ts'

const CALLS_OF_TOOLS = [SERVER, 'method="tools/call"', 'outcome!="cancelled"']
/** Every server of the configuration has a number of workers, if only 0. */
const ofServers = (expression: string): string => orZeroOf(`sum by (server) (${series('workers_running', SERVER)})`, expression)
const BAD_CALLS_OF_TOOLS = [SERVER, 'method="tools/call"', 'outcome=~"error|tool_error"']

/** Which server is slow, fails, or is asked for what. Single tools are no label: their names are a caller's (T59), the audit has them. */
export const servers = createDashboard({
  name: 'servers',
  title: 'servers and tools',
  about: 'Which server is slow, fails, or is used for what? Single tools are not told apart here; the audit trail names them.',
  variables: ['replica', 'server'],
  shelves: [
    {
      heading: 'Are servers well?',
      height: 4,
      panels: [
        stat({ title: 'Tool calls a second', about: 'To the servers chosen above.', unit: 'reqps', expr: perSecond('calls_total', SERVER, 'method="tools/call"') }),
        stat({ title: 'How many tool calls fail?', about: 'Share that ended with an error of the tool or of the server. Which one: the table below.', unit: 'percentunit', levels: worseFrom(0.05, 0.25), decimals: 1, expr: shareOf(`sum(${rateOf('calls_total', BAD_CALLS_OF_TOOLS)})`, `sum(${rateOf('calls_total', CALLS_OF_TOOLS)})`) }),
        stat({ title: 'How many got no answer at all?', about: 'Calls in this time that the gateway answered in a server\'s place: it was lost, silent, could not be started or reached.', unit: 'short', levels: worseFrom(1, 50), decimals: 0, expr: inRange('call_failures_total', SERVER) }),
        stat({ title: 'How long do servers take?', about: '95 % of calls take at most this long.', unit: 's', levels: worseFrom(2.5, 10), expr: quantile(0.95, 'call_seconds', SERVER) }),
        stat({ title: 'Which servers are held back?', about: 'Open circuits: servers over HTTP that failed too often. Their callers are told at once until a trial works.', unit: 'short', levels: wrongFrom(1), words: zeroIs('none'), expr: orZero(`count(max by (server) (${series('circuit_open', SERVER)}) == 1)`) }),
        stat({ title: 'How many servers are in use?', about: 'Servers with a call in the last five minutes.', unit: 'short', expr: orZero(`count(sum by (server) (rate(${series('calls_total', SERVER)}[5m])) > 0)`) })
      ]
    },
    {
      heading: 'Which one?',
      height: 8,
      panels: [
        table({
          title: 'How is each server doing?',
          about: 'Start with what is red. Failing: error of the tool, of the server or of the gateway in its place.',
          by: 'server',
          columns: [
            { legend: 'calls', unit: 'reqps', expr: ofServers(`sum by (server) (${rateOf('calls_total', [SERVER])})`) },
            { legend: 'failing', unit: 'percentunit', levels: worseFrom(0.05, 0.25), decimals: 1, expr: ofServers(`sum by (server) (${rateOf('calls_total', BAD_CALLS_OF_TOOLS)}) / (sum by (server) (${rateOf('calls_total', CALLS_OF_TOOLS)}) > 0)`) },
            { legend: 'p50', unit: 's', expr: ofServers(quantilesOf(0.5, 'server', 'call_seconds', SERVER)) },
            { legend: 'p95', unit: 's', levels: worseFrom(2.5, 10), expr: ofServers(quantilesOf(0.95, 'server', 'call_seconds', SERVER)) },
            { legend: 'connections', unit: 'short', expr: ofServers(`sum by (server) (${series('connections_open', SERVER)})`) },
            { legend: 'workers', unit: 'short', expr: `sum by (server) (${series('workers_running', SERVER)})` },
            { legend: 'circuit', unit: 'short', levels: wrongFrom(1), words: zeroIs('closed'), expr: ofServers(`max by (server) (${series('circuit_open', SERVER)})`) }
          ]
        })
      ]
    },
    {
      heading: 'Since when?',
      height: 8,
      panels: [
        chart({ title: 'Which server is called how much?', about: 'All methods.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('server', 'calls_total', SERVER), legend: '{{server}}' }] }),
        chart({ title: 'Which server is slow?', about: '95 % of calls take at most this long. One line rising: that server. All rising: the replicas.', unit: 's', queries: [{ expr: quantileBy(0.95, 'server', 'call_seconds', SERVER), legend: '{{server}}' }] }),
        chart({ title: 'Which server fails?', about: 'Tool calls that end in an error a second, by server.', unit: 'reqps', queries: [{ expr: perSecondBy('server', 'calls_total', ...BAD_CALLS_OF_TOOLS), legend: '{{server}}' }] })
      ]
    },
    {
      heading: 'Why, and what for?',
      height: 8,
      panels: [
        chart({ title: 'Why do calls get no answer?', about: 'lost: a worker died under the call. deadline: the server was silent. start, unavailable: it is not to be had. internal, overloaded, no_worker: ours.', unit: 'reqps', isStacked: true, levels: oddFrom(1), queries: [{ expr: perSecondBy('failure', 'call_failures_total', SERVER), legend: '{{failure}}' }] }),
        chart({ title: 'What is asked for?', about: 'By method. Many tools/list beside few tools/call: clients that connect anew for every call.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('method', 'calls_total', SERVER), legend: '{{method}}' }] }),
        chart({ title: 'Which arguments do not fit?', about: 'Calls not sent because of the tool\'s own input schema. mismatch: the client or its model fills in the wrong things.', unit: 'reqps', queries: [{ expr: perSecondBy('reason', 'argument_refusals_total'), legend: '{{reason}}' }] }),
        chart({ title: 'Who speaks no proper MCP?', about: 'Messages of servers that the protocol does not allow. noise: something prints to standard output.', unit: 'reqps', queries: [{ expr: perSecondBy('kind', 'worker_protocol_error_total'), legend: '{{kind}}' }] })
      ]
    }
  ]
})
