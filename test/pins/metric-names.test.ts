import assert from 'node:assert/strict'
import { test } from 'node:test'
import { METRICS, METRIC_PREFIX } from '../../src/telemetry/index.ts'

/** What dashboards and alert rules hold on to. A metric may be added; names and labels never change. */
const PINNED = `
drawbridge_http_requests_total counter route method status_class
drawbridge_http_request_seconds histogram route
drawbridge_http_requests_in_flight gauge
drawbridge_edge_refusals_total counter reason
drawbridge_slow_readers_cut_total counter reason
drawbridge_calls_total counter server method outcome
drawbridge_call_failures_total counter server method failure
drawbridge_tenant_calls_total counter tenant outcome
drawbridge_call_seconds histogram server
drawbridge_sessions_open gauge face
drawbridge_sessions_total counter face
drawbridge_session_owner_mismatch_total counter
drawbridge_sessions_reopened_total counter
drawbridge_listens_open gauge
drawbridge_parked_calls gauge
drawbridge_sse_streams_open gauge
drawbridge_events_dropped_total counter
drawbridge_connections_open gauge server era
drawbridge_workers_running gauge server
drawbridge_worker_spawn_total counter server
drawbridge_worker_exit_total counter server reason
drawbridge_worker_egress_refused_total counter server reason
drawbridge_worker_limit_exceeded_total counter server limit
drawbridge_worker_protocol_error_total counter kind
drawbridge_worker_start_seconds histogram server
drawbridge_worker_open_seconds histogram server kind
drawbridge_spares_wanted gauge server
drawbridge_spares_ready gauge server
drawbridge_worker_recycled_total counter server reason
drawbridge_worker_reassigned_total counter
drawbridge_cache_lookups_total counter server outcome
drawbridge_cache_entries gauge
drawbridge_cache_bytes gauge
drawbridge_redis_up gauge
drawbridge_redis_commands_total counter outcome
drawbridge_redis_command_seconds histogram
drawbridge_state_mac_fail_total counter
drawbridge_replicas_live gauge
drawbridge_replica_keys_owned gauge
drawbridge_replica_claims_total counter how
drawbridge_replica_fenced_total counter
drawbridge_replica_hops_total counter outcome
drawbridge_replica_hop_seconds histogram
drawbridge_replica_hops_refused_total counter
drawbridge_circuit_open gauge server
drawbridge_circuit_opened_total counter server
drawbridge_circuit_refusals_total counter server
drawbridge_upstream_retries_total counter server
drawbridge_upstream_token_fetch_total counter server outcome
drawbridge_idempotent_calls_total counter outcome
drawbridge_audit_dropped_total counter sink
drawbridge_audit_sink_failing gauge sink
drawbridge_call_wait_seconds histogram outcome
drawbridge_limit_refusals_total counter limit
drawbridge_quota_refusals_total counter quota
drawbridge_limit_decisions_total counter by
drawbridge_limit_unanswered_total counter
drawbridge_auth_refusals_total counter reason
drawbridge_jwks_fetch_total counter outcome
drawbridge_jwks_usable gauge issuer
drawbridge_jwks_stale_seconds gauge issuer
drawbridge_introspections_total counter outcome
drawbridge_revocations_known gauge
drawbridge_tokens_issued_total counter
drawbridge_policy_refusals_total counter kind
drawbridge_policy_hook_seconds histogram outcome
drawbridge_argument_refusals_total counter reason
drawbridge_config_revision gauge
drawbridge_config_reloads_total counter outcome
drawbridge_config_refused gauge
drawbridge_memory_used_ratio gauge
drawbridge_event_loop_delay_seconds gauge
drawbridge_log_lines_dropped_total counter
drawbridge_series_refused_total counter
drawbridge_build_info gauge version node
`

test('metrics keep their names, kinds and labels', () => {
  const now = Object.entries(METRICS).map(([name, { kind, labels }]) => [METRIC_PREFIX + name, kind, ...Object.keys(labels)].join(' '))
  assert.deepEqual(now, PINNED.trim().split('\n'))
})
