import { createDashboard } from '../create-dashboard.ts'
import { GATEWAY_JOB } from '../datasource.ts'
import { highest, inRange, orNone, orZero, orZeroOf, REPLICA, series } from '../expressions.ts'
import { oddFrom, worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'
import { table } from '../panels/table.ts'
import { zeroOrOne } from '../panels/words.ts'

const GATEWAYS = `job="${GATEWAY_JOB}",${REPLICA}`
const byReplica = (expression: string): string => orNone('replica', expression)
const ofReplicas = (expression: string): string => orZeroOf(`sum by (replica) (up{${GATEWAYS}})`, expression)

/** The gateways' processes: have they enough CPU, memory and file descriptors, and do they keep what they must. */
export const processes = createDashboard({
  name: 'processes',
  title: 'processes',
  about: 'Have the gateways what they need: CPU, memory, file descriptors? And do log and audit keep up?',
  variables: ['replica'],
  shelves: [
    {
      heading: 'Have they what they need?',
      height: 4,
      panels: [
        stat({ title: 'How late is the event loop?', about: 'Mean over a second, of the worst replica. Above 200 ms for a minute: more work than one process can do; raise `processes` or add a replica.', unit: 's', levels: worseFrom(0.05, 0.2), expr: highest('event_loop_delay_seconds') }),
        stat({ title: 'How much CPU is used?', about: 'Cores, of the busiest replica. GATEWAY_CPUS (2) is the limit.', unit: 'short', levels: worseFrom(1.4, 1.8), decimals: 2, expr: orZero(`max(rate(process_cpu_seconds_total{${GATEWAYS}}[$__rate_interval]))`) }),
        stat({ title: 'How full is the memory?', about: 'Of the fullest replica: of its container\'s limit or its heap\'s. From 85 % on it gives things up.', unit: 'percentunit', levels: worseFrom(0.75, 0.85), decimals: 0, expr: highest('memory_used_ratio') }),
        stat({ title: 'How many files may still be opened?', about: 'Share of file descriptors in use. Each connection and each worker takes some.', unit: 'percentunit', levels: worseFrom(0.6, 0.8), decimals: 0, expr: orZero(`max(process_open_fds{${GATEWAYS}} / process_max_fds{${GATEWAYS}})`) }),
        stat({ title: 'Are audit records lost?', about: 'In this time. Red: a sink could not take them; a line in the chain says how many.', unit: 'short', levels: wrongFrom(1), decimals: 0, expr: inRange('audit_dropped_total') }),
        stat({ title: 'Are log lines lost?', about: 'In this time. Nobody reads standard output, or not fast enough.', unit: 'short', levels: wrongFrom(1), decimals: 0, expr: inRange('log_lines_dropped_total') })
      ]
    },
    {
      heading: 'CPU and event loop',
      height: 8,
      panels: [
        chart({ title: 'How much CPU does each replica use?', about: 'In cores.', unit: 'short', queries: [{ expr: byReplica(`sum by (replica) (rate(process_cpu_seconds_total{${GATEWAYS}}[$__rate_interval]))`), legend: '{{replica}}' }] }),
        chart({ title: 'How late is each event loop?', about: 'Everything in a process waits that long for its turn.', unit: 's', levels: worseFrom(0.05, 0.2), queries: [{ expr: byReplica(`max by (replica) (${series('event_loop_delay_seconds')})`), legend: '{{replica}}' }] }),
        chart({ title: 'How much time does garbage collection take?', about: 'Share of a core. Above 10 %: the heap is too small for what is in it.', unit: 'percentunit', levels: oddFrom(0.1), queries: [{ expr: byReplica(`sum by (replica) (rate(nodejs_gc_duration_seconds_sum{${GATEWAYS}}[$__rate_interval]))`), legend: '{{replica}}' }] })
      ]
    },
    {
      heading: 'Memory and files',
      height: 8,
      panels: [
        chart({ title: 'How much memory does each replica use?', about: 'Resident, without its workers. A line that only rises over days is a leak.', unit: 'bytes', queries: [{ expr: byReplica(`sum by (replica) (process_resident_memory_bytes{${GATEWAYS}})`), legend: '{{replica}}' }] }),
        chart({ title: 'What is in the heap?', about: 'Used by JavaScript objects, and by buffers outside of the heap, of all replicas chosen.', unit: 'bytes', isStacked: true, queries: [{ expr: orZero(`sum(nodejs_heap_size_used_bytes{${GATEWAYS}})`), legend: 'heap' }, { expr: orZero(`sum(nodejs_external_memory_bytes{${GATEWAYS}})`), legend: 'buffers' }] }),
        chart({ title: 'How many files are open?', about: 'Connections, pipes to workers, files.', unit: 'short', queries: [{ expr: byReplica(`sum by (replica) (process_open_fds{${GATEWAYS}})`), legend: '{{replica}}' }] })
      ]
    },
    {
      heading: 'What runs',
      height: 7,
      panels: [
        table({
          title: 'Which version runs where?',
          about: 'Different revisions: one replica has not taken up the newest configuration. Failing sinks: audit records cannot be written.',
          by: 'replica',
          columns: [
            { legend: 'up', unit: 's', expr: ofReplicas(`time() - max by (replica) (process_start_time_seconds{${GATEWAYS}})`) },
            { legend: 'configuration', unit: 'short', decimals: 0, expr: ofReplicas(`max by (replica) (${series('config_revision')})`) },
            { legend: 'version', unit: 'short', decimals: 0, words: zeroOrOne('', 'runs'), expr: `max by (replica, version, node) (${series('build_info')})` },
            { legend: 'failing audit sinks', unit: 'short', levels: wrongFrom(1), decimals: 0, expr: ofReplicas(`sum by (replica) (${series('audit_sink_failing')})`) },
            { legend: 'configuration refused', unit: 'short', levels: wrongFrom(1), words: zeroOrOne('no', 'yes'), expr: ofReplicas(`max by (replica) (${series('config_refused')})`) },
            { legend: 'series refused', unit: 'short', levels: oddFrom(1), decimals: 0, expr: ofReplicas(`sum by (replica) (${series('series_refused_total')})`) }
          ]
        })
      ]
    }
  ]
})
