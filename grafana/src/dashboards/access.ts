import { createDashboard } from '../create-dashboard.ts'
import { highest, inRange, perSecond, perSecondBy, quantileBy, series, totalBy } from '../expressions.ts'
import { goodFrom, worseFrom, wrongFrom } from '../levels.ts'
import { chart } from '../panels/chart.ts'
import { stat } from '../panels/stat.ts'
import { zeroIs, zeroOrOne } from '../panels/words.ts'

/** Counters that stay 0 unless somebody attacks, or a fault of ours lets one user near another. */
const IMPOSSIBLE = ['worker_reassigned_total', 'state_mac_fail_total', 'replica_hops_refused_total'] as const

/** Who is let in, who is not, and whether anything has happened that must not. */
export const access = createDashboard({
  name: 'access',
  title: 'access and security',
  about: 'Who is let in and who is not, can the gateway still tell, and has anything happened that must never happen?',
  variables: ['replica'],
  from: 'now-6h',
  shelves: [
    {
      heading: 'Can the gateway tell who calls?',
      height: 4,
      panels: [
        stat({ title: 'Has the impossible happened?', about: 'In this time: a worker given to another (T19), a value in Redis that no gateway wrote (T57), a message to replicas that none signed. Anything but no: stop and look.', unit: 'short', levels: wrongFrom(1), decimals: 0, words: zeroIs('no'), expr: IMPOSSIBLE.map((name) => `(${inRange(name)})`).join(' + ') }),
        stat({ title: 'Who uses session ids of others?', about: 'Times in this time (T01, T02). A few: a client whose key was changed. Many: somebody tries ids.', unit: 'short', levels: worseFrom(1, 20), decimals: 0, words: zeroIs('nobody'), expr: inRange('session_owner_mismatch_total') }),
        stat({ title: 'Refused credentials', about: 'A second. Many with wrong_secret or unknown_key: somebody tries; the addresses are in the audit trail.', unit: 'reqps', levels: worseFrom(1, 20), expr: perSecond('auth_refusals_total') }),
        stat({ title: 'Can all tokens be verified?', about: 'no: of some issuer there are no usable keys, and its tokens are refused with 503.', unit: 'short', levels: goodFrom(1), words: zeroOrOne('no', 'yes'), expr: `min(${series('jwks_usable')}) or vector(1)` }),
        stat({ title: 'How stale are an issuer\'s keys?', about: 'Beyond their maximum age because newer ones cannot be fetched. From an hour on its tokens are refused.', unit: 's', levels: worseFrom(1, 1800), expr: highest('jwks_stale_seconds') }),
        stat({ title: 'Are revocations known?', about: 'no: Redis has been away for a minute, and API keys and own tokens are refused unless auth.whenRevocationsUnknown says otherwise.', unit: 'short', levels: goodFrom(1), words: zeroOrOne('no', 'yes'), expr: `min(${series('revocations_known')}) or vector(1)` })
      ]
    },
    {
      heading: 'Who is turned away?',
      height: 8,
      panels: [
        chart({ title: 'Which credentials are bad?', about: 'expired: clients do not renew. unknown_key, wrong_secret: somebody tries. ..._unavailable, revocations_unknown: ours.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('reason', 'auth_refusals_total'), legend: '{{reason}}' }] }),
        chart({ title: 'Which rules say no?', about: 'tenant, server, tool, prompt, resource, scope: what may be used. arguments: how. hook: your own decision point.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('kind', 'policy_refusals_total'), legend: '{{kind}}' }] }),
        chart({ title: 'Who is refused before credentials?', about: 'host, origin: another name, or a page in a browser (T05). malformed: no HTTP that the gateway takes.', unit: 'reqps', isStacked: true, queries: [{ expr: perSecondBy('reason', 'edge_refusals_total'), legend: '{{reason}}' }] })
      ]
    },
    {
      heading: 'Do those answer who are asked?',
      height: 8,
      panels: [
        chart({ title: 'Do issuers answer?', about: 'Key sets, and questions about opaque tokens. failed: the issuer is away or refuses the gateway.', unit: 'reqps', queries: [{ expr: perSecondBy('outcome', 'jwks_fetch_total'), legend: 'key sets: {{outcome}}' }, { expr: perSecondBy('outcome', 'introspections_total'), legend: 'introspection: {{outcome}}' }] }),
        chart({ title: 'How long does the policy hook take?', about: 'p95 by outcome; each call waits for it. away: it did not answer.', unit: 's', queries: [{ expr: quantileBy(0.95, 'outcome', 'policy_hook_seconds'), legend: '{{outcome}}' }] }),
        chart({ title: 'How many tokens are issued?', about: 'By the gateway itself, at POST /admin/tokens.', unit: 'reqps', queries: [{ expr: perSecond('tokens_issued_total'), legend: 'tokens' }] })
      ]
    },
    {
      heading: 'Does anybody push at the walls?',
      height: 8,
      panels: [
        chart({ title: 'Which workers want out?', about: 'Connections refused by the guarded network of the sandbox, by server (T42). What was tried is in the log.', unit: 'reqps', queries: [{ expr: perSecondBy('server', 'worker_egress_refused_total'), legend: '{{server}}' }] }),
        chart({ title: 'Can audit records be written?', about: '1: records cannot be written to this sink. With whenFull: block, POST requests are answered with 503 for as long (FR38).', unit: 'short', levels: wrongFrom(1), queries: [{ expr: totalBy('sink', 'audit_sink_failing'), legend: '{{sink}}' }] }),
        chart({ title: 'Were audit records lost?', about: 'A second, by sink. The chain has a line that says how many.', unit: 'reqps', queries: [{ expr: perSecondBy('sink', 'audit_dropped_total'), legend: '{{sink}}' }] })
      ]
    }
  ]
})
