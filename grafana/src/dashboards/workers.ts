import { createDashboard } from '../create-dashboard.ts'
import { inRange, orZero, perSecondBy, quantile, quantileBy, SERVER, series, shareOf, totalBy } from '../expressions.ts'
import { oddFrom, worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'
import { zeroIs } from '../panels/words.ts'

const BAD_EXITS = 'reason=~"crashed|oversize|noise|stdin_full|spawn_failed"'
const opens = (...matchers: readonly string[]): string => `sum(rate(drawbridge_worker_open_seconds_count{${[...matchers, SERVER, 'replica=~"$replica"'].join(',')}}[$__rate_interval]))`

/** The processes of stdio servers: how many, how fast they are there, why they end, what their sandbox keeps from them. */
export const workers = createDashboard({
  name: 'workers',
  title: 'workers',
  about: 'Do callers get a worker at once, and why do workers end? Processes of stdio servers, and what their sandbox keeps from them.',
  variables: ['replica', 'server'],
  shelves: [
    {
      heading: 'Are there workers when they are needed?',
      height: 4,
      panels: [
        stat({ title: 'How often must a caller wait for a start?', about: 'Share of callers for whom a worker had to be started (cold). High with pool.warm: spares do not keep up; /admin/servers/<name> says why.', unit: 'percentunit', levels: oddFrom(0.5), decimals: 0, expr: shareOf(opens('kind="cold"'), opens('kind=~"cold|warm"')) }),
        stat({ title: 'How long does a start take?', about: '95 % of workers were started and greeted within this time.', unit: 's', levels: worseFrom(5, 30), expr: quantile(0.95, 'worker_start_seconds', SERVER) }),
        stat({ title: 'How many ended badly?', about: 'In this time: crashed, could not be started, or were ended for what they sent.', unit: 'short', levels: worseFrom(1, 20), decimals: 0, expr: inRange('worker_exit_total', SERVER, BAD_EXITS) }),
        stat({ title: 'Was a worker given to another?', about: 'Must be 0 for ever. Anything else is an isolation fault: stop the gateway (T19).', unit: 'short', levels: wrongFrom(1), words: zeroIs('never'), expr: orZero(`sum(${series('worker_reassigned_total')})`) })
      ]
    },
    {
      heading: 'How many?',
      height: 8,
      panels: [
        chart({ title: 'Which server has how many workers?', about: 'A line that only rises: sessions that nobody ends, or idle workers that are kept for too long.', unit: 'short', isStacked: true, queries: [{ expr: totalBy('server', 'workers_running', SERVER), legend: '{{server}}' }] }),
        chart({ title: 'Which server has how many spares?', about: 'Ready at 0 below a line that is wanted: spares are used up faster than they start, or none can be kept.', unit: 'short', queries: [{ expr: totalBy('server', 'spares_ready', SERVER), legend: '{{server}}' }, { expr: totalBy('server', 'spares_wanted', SERVER), legend: '{{server}}, wanted' }] }),
        chart({ title: 'How long until a caller has a worker?', about: 'p95. warm: it was given a spare. cold: one was started. spare: from a spare\'s start to its being ready.', unit: 's', queries: [{ expr: quantileBy(0.95, 'kind', 'worker_open_seconds', SERVER), legend: '{{kind}}' }] })
      ]
    },
    {
      heading: 'Why do they end?',
      height: 8,
      panels: [
        chart({ title: 'How many start?', about: 'Starts a second. Many starts beside few workers: they do not live long.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('server', 'worker_spawn_total', SERVER), legend: '{{server}}' }] }),
        chart({ title: 'Why do workers end?', about: 'stopped: idle, recycled or no longer wanted. Everything else is a fault of the server.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('reason', 'worker_exit_total', SERVER), legend: '{{reason}}' }] }),
        chart({ title: 'Which server\'s workers end badly?', about: 'Its stderr is at /admin/servers/<name>.', unit: 'reqps', queries: [{ expr: perSecondBy('server', 'worker_exit_total', SERVER, BAD_EXITS), legend: '{{server}}' }] }),
        chart({ title: 'Why are workers replaced?', about: 'Between calls, because they had served long enough. memory: a server that leaks.', unit: 'reqps', queries: [{ expr: perSecondBy('reason', 'worker_recycled_total', SERVER), legend: '{{reason}}' }] })
      ]
    },
    {
      heading: 'What does the sandbox keep from them?',
      height: 8,
      panels: [
        chart({ title: 'Who may not connect where?', about: 'Connections that the guarded network refused. address, gateway: a worker tried a private address or the gateway itself; find out why (T42).', unit: 'reqps', queries: [{ expr: perSecondBy('reason', 'worker_egress_refused_total', SERVER), legend: '{{reason}}' }] }),
        chart({ title: 'Who runs into a limit?', about: 'memory: raise sandbox.memoryMb or see what it does. pids: it starts too many processes.', unit: 'reqps', queries: [{ expr: perSecondBy('limit', 'worker_limit_exceeded_total', SERVER), legend: '{{limit}}' }] })
      ]
    }
  ]
})
