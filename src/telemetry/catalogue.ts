import type { LabelSet } from './label-sets.ts'
import type { MetricRow } from './types.ts'

/** Every own metric's name starts with it; METRICS.md and the dashboards use the full name. */
export const METRIC_PREFIX = 'drawbridge_'

/** Seconds. From a cached list (well under a millisecond) to a call's longest deadline (600 s by default). */
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600] as const
/** Seconds. From a warm local binary to an npx that downloads (180 s start timeout). */
const START_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180] as const
/** Seconds. From a socket on the same machine to the longest time that is sensible to wait. */
const REDIS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] as const
/** Seconds. From the greeting of a spare to a download. */
const OPEN_SECONDS = [0.001, 0.0025, 0.005, 0.01, ...START_SECONDS] as const

/**
 * Every metric Drawbridge itself exposes, by its name without {@link METRIC_PREFIX}. METRICS.md is held to it by a test
 * in both directions and `test/pins` freezes the names. No row has a label for user, session, path or tool: their values are
 * a caller's (T59); tenants are labelled as far as the configuration names them.
 */
export const METRICS = {
  http_requests_total: { kind: 'counter', help: 'HTTP requests answered or abandoned, by route pattern.', labels: { route: 'route', method: 'http_method', status_class: 'status_class' } },
  http_request_seconds: { kind: 'histogram', help: 'Seconds from a request\'s headers to the end of its answer, streams included.', labels: { route: 'route' }, buckets: CALL_SECONDS },
  http_requests_in_flight: { kind: 'gauge', help: 'HTTP requests being served right now, open streams included.', labels: {} },
  edge_refusals_total: { kind: 'counter', help: 'Requests refused before the credential was looked at.', labels: { reason: 'edge_reason' } },

  slow_readers_cut_total: { kind: 'counter', help: 'Connections cut because their clients did not take their answers.', labels: { reason: 'cut_reason' } },

  calls_total: { kind: 'counter', help: 'JSON-RPC requests of clients that have ended.', labels: { server: 'server', method: 'mcp_method', outcome: 'outcome' } },
  call_failures_total: { kind: 'counter', help: 'Admitted calls that ended without an answer of their server, by why: what the gateway said in its place.', labels: { server: 'server', method: 'mcp_method', failure: 'call_failure' } },
  tenant_calls_total: { kind: 'counter', help: 'Uses of tools, prompts, resources and completions that have ended, refused ones included, by the tenants that the configuration names: the first 200 of them, all others are other.', labels: { tenant: 'tenant', outcome: 'outcome' } },
  call_seconds: { kind: 'histogram', help: 'Seconds from a call\'s arrival at the gateway to its answer.', labels: { server: 'server' }, buckets: CALL_SECONDS },

  sessions_open: { kind: 'gauge', help: 'Sessions open right now.', labels: { face: 'face' } },
  sessions_total: { kind: 'counter', help: 'Sessions opened.', labels: { face: 'face' } },
  session_owner_mismatch_total: { kind: 'counter', help: 'Uses of a session id by someone else than its owner or on another route (T01, T02).', labels: {} },
  sessions_reopened_total: { kind: 'counter', help: 'Sessions of stateless servers that this replica has taken over from one that has gone or drains.', labels: {} },
  listens_open: { kind: 'gauge', help: 'Subscriptions of 2026-07-28 clients (subscriptions/listen) open right now.', labels: {} },
  parked_calls: { kind: 'gauge', help: 'Calls of 2026-07-28 clients that wait right now for answers to what their server asked.', labels: {} },
  sse_streams_open: { kind: 'gauge', help: 'SSE responses open right now.', labels: {} },
  events_dropped_total: { kind: 'counter', help: 'Server events that nobody read before the event log was full.', labels: {} },

  connections_open: { kind: 'gauge', help: 'Connections to servers open right now, over any transport, by the era that the server is spoken to in.', labels: { server: 'server', era: 'era' } },
  workers_running: { kind: 'gauge', help: 'Worker processes running right now.', labels: { server: 'server' } },
  worker_spawn_total: { kind: 'counter', help: 'Worker processes started.', labels: { server: 'server' } },
  worker_exit_total: { kind: 'counter', help: 'Worker processes ended, by reason.', labels: { server: 'server', reason: 'exit_reason' } },
  worker_egress_refused_total: { kind: 'counter', help: 'Connections that workers were refused by the guarded network of their sandbox, by why (T42).', labels: { server: 'server', reason: 'egress_reason' } },
  worker_limit_exceeded_total: { kind: 'counter', help: 'Workers that ran into a limit of their sandbox (T40).', labels: { server: 'server', limit: 'sandbox_limit' } },
  worker_protocol_error_total: { kind: 'counter', help: 'Messages of servers that MCP does not allow (T39).', labels: { kind: 'protocol_error' } },
  worker_start_seconds: { kind: 'histogram', help: 'Seconds from spawn, or from the first request over HTTP, to the end of the handshake.', labels: { server: 'server' }, buckets: START_SECONDS },
  worker_open_seconds: { kind: 'histogram', help: 'Seconds until a caller had a greeted worker: warm = it was given a spare, cold = one was started; spare = from a spare\'s start to its being ready.', labels: { server: 'server', kind: 'start_kind' }, buckets: OPEN_SECONDS },
  spares_wanted: { kind: 'gauge', help: 'Spare workers that there should be right now: pool.warm, or more by demand; 0 of a server that can have none.', labels: { server: 'server' } },
  spares_ready: { kind: 'gauge', help: 'Spare workers ready right now: started, and given to nobody yet.', labels: { server: 'server' } },
  worker_recycled_total: { kind: 'counter', help: 'Workers replaced between calls because they had served long enough, by what was used up.', labels: { server: 'server', reason: 'recycle_reason' } },
  worker_reassigned_total: { kind: 'counter', help: 'Workers given to another key than the one they were started for. Always 0: anything else is an isolation fault (T19).', labels: {} },

  cache_lookups_total: { kind: 'counter', help: 'Lists, contents and results that may be reused, by where they came from: hit = kept, stale = kept and read anew meanwhile, miss = asked of the server, bypass = a request of its own.', labels: { server: 'server', outcome: 'cache_outcome' } },
  cache_entries: { kind: 'gauge', help: 'Lists, contents and results that this process keeps right now.', labels: {} },
  cache_bytes: { kind: 'gauge', help: 'Bytes that they take in this process, as estimated.', labels: {} },

  redis_up: { kind: 'gauge', help: '1 while Redis answers, 0 while it is away and the gateway goes on without it.', labels: {} },
  redis_commands_total: { kind: 'counter', help: 'Redis commands that have ended, by how: away = not sent, because Redis was known to be away.', labels: { outcome: 'redis_outcome' } },
  redis_command_seconds: { kind: 'histogram', help: 'Seconds from a Redis command to its answer, or to its being given up.', labels: {}, buckets: REDIS_SECONDS },
  state_mac_fail_total: { kind: 'counter', help: 'Values in Redis that no gateway with this secret has written there; they count as absent. Anything but 0 is tampering or another secret (T57).', labels: {} },

  replicas_live: { kind: 'gauge', help: 'Replicas that live, as this one sees them, itself included.', labels: {} },
  replica_keys_owned: { kind: 'gauge', help: 'Users, and tenants that share workers, who are served by this replica.', labels: {} },
  replica_claims_total: { kind: 'counter', help: 'Users and tenants that this replica began to serve: new = nobody did, stolen = their replica had died, provisional = while Redis was away.', labels: { how: 'claim_how' } },
  replica_fenced_total: { kind: 'counter', help: 'Users and tenants whose sessions and workers were ended here because another replica serves them.', labels: {} },
  replica_hops_total: { kind: 'counter', help: 'Requests handed over to other replicas, by how that ended.', labels: { outcome: 'hop_outcome' } },
  replica_hop_seconds: { kind: 'histogram', help: 'Seconds until another replica began to answer what was handed over to it.', labels: {}, buckets: CALL_SECONDS },
  replica_hops_refused_total: { kind: 'counter', help: 'Messages to the listener for replicas that no replica with this secret had signed, or that were too old or here before.', labels: {} },
  circuit_open: { kind: 'gauge', help: '1 while requests to a server over HTTP are held back because too many failed (FR14).', labels: { server: 'server' } },
  circuit_opened_total: { kind: 'counter', help: 'Times that the circuit breaker of a server over HTTP has opened.', labels: { server: 'server' } },
  circuit_refusals_total: { kind: 'counter', help: 'Calls refused at once because the circuit breaker of their server was open.', labels: { server: 'server' } },
  upstream_retries_total: { kind: 'counter', help: 'Requests sent to a server again: not sent before, or repeatable (FR11).', labels: { server: 'server' } },
  upstream_token_fetch_total: { kind: 'counter', help: 'Fetches of tokens for servers with client credentials that have ended, by outcome (FR13).', labels: { server: 'server', outcome: 'fetch_outcome' } },
  idempotent_calls_total: { kind: 'counter', help: 'Calls with an idempotency key, by how they were met (FR42).', labels: { outcome: 'once_outcome' } },

  audit_dropped_total: { kind: 'counter', help: 'Audit records given up because their sink could not take them (FR38); a line in the chain says how many, too.', labels: { sink: 'audit_sink' } },
  audit_sink_failing: { kind: 'gauge', help: '1 while audit records cannot be written to a sink.', labels: { sink: 'audit_sink' } },

  call_wait_seconds: { kind: 'histogram', help: 'Seconds that calls over a concurrency limit waited in line, by how the wait ended.', labels: { outcome: 'wait_outcome' }, buckets: CALL_SECONDS },
  limit_refusals_total: { kind: 'counter', help: 'Requests refused by a rate, concurrency or capacity limit.', labels: { limit: 'limit' } },
  quota_refusals_total: { kind: 'counter', help: 'Calls refused because a quota of the day or month was used up.', labels: { quota: 'quota' } },
  limit_decisions_total: { kind: 'counter', help: 'With Redis: decisions about limits, by who made them: all replicas together, or this process alone because Redis did not answer.', labels: { by: 'decided_by' } },
  limit_unanswered_total: { kind: 'counter', help: 'With Redis: decisions about limits that it was asked for and did not make in time.', labels: {} },
  auth_refusals_total: { kind: 'counter', help: 'Requests refused for their credential, by reason.', labels: { reason: 'auth_reason' } },
  jwks_fetch_total: { kind: 'counter', help: 'Fetches of issuers\' key sets that have ended, by outcome.', labels: { outcome: 'fetch_outcome' } },
  jwks_usable: { kind: 'gauge', help: '1 while an issuer\'s tokens can be verified, 0 while no usable keys of it are at hand.', labels: { issuer: 'issuer' } },
  jwks_stale_seconds: { kind: 'gauge', help: 'Seconds by which an issuer\'s keys have outlived their maximum age because newer ones cannot be fetched; 0 = fresh, or none.', labels: { issuer: 'issuer' } },
  introspections_total: { kind: 'counter', help: 'Questions to authorization servers about tokens that have ended, by outcome.', labels: { outcome: 'fetch_outcome' } },
  revocations_known: { kind: 'gauge', help: '1 while the list of revoked credentials is known to be whole, 0 while nobody can tell and it has been so for a minute.', labels: {} },
  tokens_issued_total: { kind: 'counter', help: 'Tokens that the gateway has issued itself.', labels: {} },
  policy_refusals_total: { kind: 'counter', help: 'Uses refused by tenant, scope, allow or deny rules, rules about arguments, or the policy hook.', labels: { kind: 'policy' } },
  policy_hook_seconds: { kind: 'histogram', help: 'Time from a question to the policy hook to its decision, in seconds, by outcome.', labels: { outcome: 'decision_outcome' }, buckets: OPEN_SECONDS },
  argument_refusals_total: { kind: 'counter', help: 'Calls whose arguments were not sent because of the input schema of their tool, by reason.', labels: { reason: 'argument_fault' } },

  config_revision: { kind: 'gauge', help: 'Revision of the configuration that serves new requests.', labels: {} },
  config_reloads_total: { kind: 'counter', help: 'New configurations since the start, by what became of them.', labels: { outcome: 'reload_outcome' } },
  config_refused: { kind: 'gauge', help: '1 while the newest configuration is refused and the one before it serves, otherwise 0.', labels: {} },
  memory_used_ratio: { kind: 'gauge', help: 'How much of its memory the process uses, 0 to 1: of the limit of its container or of the JavaScript heap, whichever is fuller. From 0.85 on the gateway gives things up (FR37).', labels: {} },
  event_loop_delay_seconds: { kind: 'gauge', help: 'Mean delay of the event loop over the last second, in seconds.', labels: {} },
  log_lines_dropped_total: { kind: 'counter', help: 'Log lines given up because standard output could not take them.', labels: {} },
  series_refused_total: { kind: 'counter', help: 'Label sets counted under "other" because the cap on series was reached.', labels: {} },
  build_info: { kind: 'gauge', help: 'Always 1; the labels say what runs.', labels: { version: 'build', node: 'build' } }
} as const satisfies Record<string, MetricRow & { readonly labels: Readonly<Record<string, LabelSet>> }>

/** Name of a metric without its prefix. */
export type MetricName = keyof typeof METRICS
type Rows = typeof METRICS
type NamesOf<Kind> = { [Name in MetricName]: Rows[Name]['kind'] extends Kind ? Name : never }[MetricName]

/** Metrics that only grow. */
export type CounterName = NamesOf<'counter'>
/** Metrics that rise and fall. */
export type GaugeName = NamesOf<'gauge'>
/** Metrics of durations or sizes. */
export type HistogramName = NamesOf<'histogram'>
/** The labels of one metric, all of them. */
export type Labels<Name extends MetricName> = { readonly [Label in keyof Rows[Name]['labels']]: string }
