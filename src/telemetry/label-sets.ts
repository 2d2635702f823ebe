/**
 * The values a label may take. Sets that the code knows stand here; sets that the operator's configuration decides
 * are `configured` and come from {@link TelemetryOptions}. Everything else is counted under {@link OTHER} (T59): a
 * caller can never make a new series.
 */
export const OTHER = 'other'

/** Marks a set whose values the configuration decides: names of servers, issuers and tenants, registered route patterns, build facts. */
export const CONFIGURED = 'configured'

/** MCP request methods a gateway call may have, plus `batch` for the plain JSON batch. */
const MCP_METHODS = [
  'initialize', 'ping', 'tools/list', 'tools/call', 'prompts/list', 'prompts/get', 'resources/list', 'resources/read',
  'resources/templates/list', 'resources/subscribe', 'resources/unsubscribe', 'completion/complete', 'logging/setLevel',
  'server/discover', 'tasks/get', 'tasks/result', 'tasks/update', 'tasks/cancel'
] as const

/** HTTP methods Fastify routes. */
const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const

/** `AuditRecord.outcome` (types.ts). */
const OUTCOMES = ['ok', 'tool_error', 'error', 'refused', 'cancelled'] as const

/** Set name -> its values, or `configured`. The catalogue says which label of which metric draws from which set. */
export const LABEL_SETS = {
  server: CONFIGURED,
  route: CONFIGURED,
  build: CONFIGURED,
  /** Tenants that the configuration names, {@link MOST_VALUES} of them. */
  tenant: CONFIGURED,
  /** `auth.jwt[].issuer` of issuers with a key set. */
  issuer: CONFIGURED,
  http_method: HTTP_METHODS,
  status_class: ['1xx', '2xx', '3xx', '4xx', '5xx'],
  mcp_method: MCP_METHODS,
  outcome: OUTCOMES,
  /** `CallFailure` of src/gateway. */
  call_failure: ['internal', 'overloaded', 'no_worker', 'draining', 'unavailable', 'start', 'lost', 'deadline', 'protocol', 'credential'],
  /** `Era` of src/shared: what a server is spoken to in. */
  era: ['legacy', 'modern'],
  /** Streamable HTTP and HTTP+SSE. */
  face: ['streamable', 'sse'],
  /** `ReloadOutcome` of src/shared. */
  reload_outcome: ['applied', 'unchanged', 'refused'],
  /** `WorkerExitReason` of src/stdio-pool. */
  exit_reason: ['stopped', 'crashed', 'oversize', 'noise', 'stdin_full', 'spawn_failed'],
  /** `StartKind` of src/upstream, and the start of a spare. */
  start_kind: ['warm', 'cold', 'spare'],
  /** `RecycleReason` of src/stdio-pool. */
  recycle_reason: ['calls', 'age', 'memory'],
  /** `EgressRefusal` of src/sandbox. */
  egress_reason: ['request', 'host', 'address', 'gateway', 'connections'],
  /** `ExceededLimit` of src/sandbox. */
  sandbox_limit: ['memory', 'pids'],
  /** What a worker or upstream did that MCP does not allow. */
  protocol_error: ['noise', 'oversize', 'invalid_utf8', 'unknown_id', 'late_reply', 'malformed_reply', 'malformed_message', 'unusable_tool'],
  /** `LimitName` of src/limits, and the two limits of the edge. */
  limit: [
    'user_calls', 'key_calls', 'tenant_calls', 'tool_calls', 'user_requests', 'tenant_requests', 'user_initialize',
    'user_concurrency', 'tenant_concurrency', 'tenant_server_concurrency', 'server_concurrency', 'gateway_concurrency', 'memory', 'redis_away', 'user_sessions', 'workers', 'ip_requests', 'in_flight'
  ],
  /** `ReplicaEvents.claimed` of src/replicas. */
  claim_how: ['new', 'stolen', 'provisional'],
  /** `HopOutcome` of plugins/replicas. */
  hop_outcome: ['answered', 'refused', 'unreachable', 'lost', 'gone'],
  /** `QuotaName` of src/limits. */
  quota: ['user_calls_day', 'user_calls_month', 'tenant_calls_day', 'tenant_calls_month'],
  /** `LimitEvents.decided` of src/limits. */
  decided_by: ['replicas', 'process'],
  /** `AuthRefusalReason` of src/auth. */
  auth_reason: [
    'missing', 'ambiguous', 'in_query', 'scheme', 'too_large', 'malformed', 'unknown_key', 'wrong_secret', 'unknown_issuer',
    'algorithm', 'signature', 'unknown_kid', 'audience', 'expired', 'not_yet_valid', 'claims', 'sender_constrained', 'inactive', 'revoked', 'tenant',
    'jwks_unavailable', 'introspection_unavailable', 'revocations_unknown'
  ],
  /** `GatewayEvents.cached` of src/gateway. */
  cache_outcome: ['hit', 'stale', 'miss', 'bypass'],
  /** How a wait for a concurrency slot ended: `WaitOutcome` of src/limits. */
  wait_outcome: ['granted', 'deadline', 'aborted', 'closed', 'shed'],
  /** `AuditOutput` of src/audit. */
  audit_sink: ['stdout', 'file', 'redis'],
  /** `RedisEvents.ended` of src/redis. */
  redis_outcome: ['ok', 'timeout', 'connection', 'readonly', 'reply', 'away'],
  /** `AuthEvents.jwksFetched` of src/auth. */
  fetch_outcome: ['ok', 'failed'],
  /** `OnceOutcome` of src/gateway. */
  once_outcome: ['first', 'joined', 'replayed', 'conflict', 'refused'],
  /** What a policy said no to: the codes of src/tenancy's refusals, in words. */
  policy: ['tenant', 'server', 'scope', 'tool', 'prompt', 'resource', 'arguments', 'hook'],
  /** `Answer` of src/tenancy. */
  decision_outcome: ['allowed', 'denied', 'away'],
  /** `FaultReason` of src/gateway/arguments. */
  argument_fault: ['mismatch', 'repeated', 'late', 'busy', 'refers_out'],
  /** Nothing moved for a minute, or all together left too much unread. */
  cut_reason: ['stalled', 'memory'],
  edge_reason: ['malformed', 'host', 'origin', 'overloaded', 'audit', 'draining', 'connections']
} as const satisfies Record<string, typeof CONFIGURED | readonly string[]>

/** Name of a set of label values. */
export type LabelSet = keyof typeof LABEL_SETS

/** Most values of a configured set that grows with an operator's customers: five outcomes of each leave four fifths of the cap on series to the rest. */
export const MOST_VALUES: Readonly<Partial<Record<LabelSet, number>>> = { tenant: 200 }
