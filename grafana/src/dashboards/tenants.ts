import { createDashboard } from '../create-dashboard.ts'
import { inRange, orNone, orZero, orZeroOf, perSecondBy, rateOf, series, shareOf, TENANT } from '../expressions.ts'
import { worseFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { ranking } from '../panels/ranking.ts'
import { stat } from '../panels/stat.ts'
import { table } from '../panels/table.ts'

const inRangeByTenant = (...matchers: readonly string[]): string => `sum by (tenant) (increase(${series('tenant_calls_total', TENANT, ...matchers)}[$__range]))`

/** Who uses the gateway, and whom it says no to. Tenants that only a token names are `other` (T59). */
export const tenants = createDashboard({
  name: 'tenants',
  title: 'tenants',
  about: 'Who uses the gateway, and whom does it refuse? Tenants are those that the configuration names, at most 200; all others are "other".',
  variables: ['replica', 'tenant'],
  from: 'now-6h',
  shelves: [
    {
      heading: 'Who?',
      height: 4,
      panels: [
        stat({ title: 'How many tenants are active?', about: 'Tenants with a call in the last five minutes.', unit: 'short', expr: orZero(`count(sum by (tenant) (rate(${series('tenant_calls_total', TENANT)}[5m])) > 0)`) }),
        stat({ title: 'How much is the busiest tenant\'s?', about: 'Its share of all calls. Near 100 % with several tenants: see whether its limits and its weight are as they were agreed.', unit: 'percentunit', decimals: 0, expr: shareOf(`max(sum by (tenant) (${rateOf('tenant_calls_total', [TENANT])}))`, `sum(${rateOf('tenant_calls_total', [TENANT])})`) }),
        stat({ title: 'How many calls are refused?', about: 'Share of calls refused by limits, quotas, rules and open circuits.', unit: 'percentunit', levels: worseFrom(0.05, 0.25), decimals: 1, expr: shareOf(`sum(${rateOf('tenant_calls_total', [TENANT, 'outcome="refused"'])})`, `sum(${rateOf('tenant_calls_total', [TENANT])})`) }),
        stat({ title: 'Refused credentials', about: 'In this time, of whomever: nobody is a tenant before the credential is known to be good.', unit: 'short', decimals: 0, expr: inRange('auth_refusals_total') })
      ]
    },
    {
      heading: 'Which one?',
      height: 8,
      widths: [14, 10],
      panels: [
        table({
          title: 'How is each tenant doing?',
          about: 'In the time shown above. Refused: look at limits and rules below. Failed: look at its servers.',
          by: 'tenant',
          columns: [
            { legend: 'calls', unit: 'short', decimals: 0, expr: orNone('tenant', inRangeByTenant()) },
            { legend: 'refused', unit: 'percentunit', levels: worseFrom(0.05, 0.25), decimals: 1, expr: orZeroOf(inRangeByTenant(), `${inRangeByTenant('outcome="refused"')} / (${inRangeByTenant()} > 0)`) },
            { legend: 'failed', unit: 'percentunit', levels: worseFrom(0.05, 0.25), decimals: 1, expr: orZeroOf(inRangeByTenant(), `${inRangeByTenant('outcome=~"error|tool_error"')} / (${inRangeByTenant()} > 0)`) },
            { legend: 'cancelled', unit: 'percentunit', decimals: 1, expr: orZeroOf(inRangeByTenant(), `${inRangeByTenant('outcome="cancelled"')} / (${inRangeByTenant()} > 0)`) }
          ]
        }),
        ranking({ title: 'Who calls most?', about: 'The ten tenants with the most calls a second right now.', unit: 'reqps', query: { expr: `sort_desc(${orNone('tenant', `topk(10, sum by (tenant) (${rateOf('tenant_calls_total', [TENANT])}))`)})`, legend: '{{tenant}}' } })
      ]
    },
    {
      heading: 'Since when?',
      height: 8,
      panels: [
        chart({ title: 'Who calls how much?', about: 'Calls a second, refused ones included.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('tenant', 'tenant_calls_total', TENANT), legend: '{{tenant}}' }] }),
        chart({ title: 'Whose calls are refused?', about: 'A tenant that is refused all the time has a client that does not wait, or limits that are too low for it.', unit: 'reqps', queries: [{ expr: perSecondBy('tenant', 'tenant_calls_total', TENANT, 'outcome="refused"'), legend: '{{tenant}}' }] }),
        chart({ title: 'Whose calls fail?', about: 'Errors of tools, of servers, or of the gateway in their place.', unit: 'reqps', queries: [{ expr: perSecondBy('tenant', 'tenant_calls_total', TENANT, 'outcome=~"error|tool_error"'), legend: '{{tenant}}' }] })
      ]
    },
    {
      heading: 'Why are they refused?',
      height: 8,
      panels: [
        chart({ title: 'Which limits do they meet?', about: 'Of all tenants together. The audit trail says whose.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('limit', 'limit_refusals_total'), legend: '{{limit}}' }] }),
        chart({ title: 'Which quotas are used up?', about: 'Of the day or month, of a user or a tenant.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('quota', 'quota_refusals_total'), legend: '{{quota}}' }] }),
        chart({ title: 'Which rules say no?', about: 'tool, server: what a tenant or role may use. arguments, hook: how.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('kind', 'policy_refusals_total'), legend: '{{kind}}' }] }),
        chart({ title: 'Which credentials are bad?', about: 'expired: clients do not renew their tokens. wrong_secret, unknown_key: somebody tries. ..._unavailable: an issuer is away, and that is ours.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('reason', 'auth_refusals_total'), legend: '{{reason}}' }] })
      ]
    }
  ]
})
