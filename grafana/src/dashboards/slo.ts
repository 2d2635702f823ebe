import { createDashboard } from '../create-dashboard.ts'
import { orZero } from '../expressions.ts'
import { betterFrom, worseFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'

/** Objectives of prometheus/rules/slo.yml: the share that may be bad. */
const MAY_FAIL = 0.001
const MAY_BE_SLOW = 0.01
/** Times the budget of the whole period that a window uses up, from which somebody is told at once, or the next day. */
const BURN_PAGE = 14.4
const BURN_TICKET = 1

const burn = (window: string): string => `${orZero(`gateway:slo_errors:ratio_rate${window}`)}`
const asBurn = (ratio: string, objective: number): string => `(${ratio}) / ${objective}`

/** Is the promise kept: 99.9 % of tool calls not failed by the gateway, 99 % of probes answered within 250 ms. */
export const slo = createDashboard({
  name: 'slo',
  title: 'service levels',
  about: 'Is the promise kept? 99.9 % of tool calls do not fail because of the gateway, and 99 % of probes through nginx are answered within 250 ms, over 30 days.',
  variables: [],
  from: 'now-24h',
  shelves: [
    {
      heading: 'Availability: 99.9 % of tool calls',
      height: 4,
      panels: [
        stat({ title: 'How much error budget is left?', about: 'Of what may fail in 30 days. Below 0 the objective is missed: change nothing that is not needed until it is above again.', unit: 'percentunit', levels: betterFrom(0.1, 0.25), decimals: 1, expr: 'gateway:slo_error_budget:remaining30d or vector(1)' }),
        stat({ title: 'How fast is it used up, this hour?', about: '1: the budget lasts just 30 days. 14.4: it is gone in two days, and somebody is woken.', unit: 'short', levels: worseFrom(BURN_TICKET, BURN_PAGE), decimals: 1, expr: asBurn(burn('1h'), MAY_FAIL) }),
        stat({ title: 'How fast, in three days?', about: 'Above 1 for days: the objective will be missed, without any outage to be seen.', unit: 'short', levels: worseFrom(BURN_TICKET, 3), decimals: 1, expr: asBurn(burn('3d'), MAY_FAIL) }),
        stat({ title: 'How many calls count, a second?', about: 'Tool calls that were not cancelled, and requests refused because the gateway had no room or could not tell who calls.', unit: 'reqps', expr: orZero('gateway:slo_calls:rate5m') })
      ]
    },
    {
      heading: 'When was it used up?',
      height: 9,
      panels: [
        chart({ title: 'How fast is the error budget used up?', about: 'Short and long windows. An alert wants both of a pair: 5 min and 1 h, 30 min and 6 h, 2 h and 1 d, 6 h and 3 d; so it starts at once and ends at once.', unit: 'short', levels: worseFrom(BURN_TICKET, BURN_PAGE), queries: ['5m', '30m', '1h', '6h', '3d'].map((window) => ({ expr: asBurn(burn(window), MAY_FAIL), legend: window })) }),
        chart({ title: 'How many calls fail because of us?', about: 'A second. Why: the panel "Why do calls get no answer?" of servers, and the limits of the gateway on limits and cache.', unit: 'reqps', queries: [{ expr: orZero('gateway:slo_bad_calls:rate5m'), legend: 'bad calls' }] })
      ]
    },
    {
      heading: 'Latency: 99 % of probes within 250 ms',
      height: 8,
      panels: [
        stat({ title: 'How many probes are slow, today?', about: 'Share of the last day. A probe asks /ready over TLS and through nginx; calls last as long as their servers do and say nothing about the gateway.', unit: 'percentunit', levels: worseFrom(MAY_BE_SLOW / 2, MAY_BE_SLOW), decimals: 2, expr: orZero('gateway:slo_slow:ratio1d') }),
        chart({ title: 'How long do probes take?', about: 'The slowest of them, TLS handshake included.', unit: 's', levels: worseFrom(0.25, 1), queries: [{ expr: orZero('max(probe_duration_seconds{job="probe"})'), legend: 'slowest' }] }),
        chart({ title: 'How fast is the latency budget used up?', about: '1: just what the objective allows.', unit: 'short', levels: worseFrom(BURN_TICKET, BURN_PAGE), queries: ['5m', '1h', '6h', '3d'].map((window) => ({ expr: asBurn(orZero(`gateway:slo_slow:ratio${window}`), MAY_BE_SLOW), legend: window })) })
      ]
    }
  ]
})
