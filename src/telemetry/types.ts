/** One row of METRICS.md. Label values come from configured or closed sets only, never from a caller (T59). */
export interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** One sentence with the unit. */
  readonly help: string
  /** Label name -> name of the set its values come from (label-sets.ts). */
  readonly labels: Readonly<Record<string, string>>
  /** Histogram only, in the metric's unit (seconds or bytes). */
  readonly buckets?: readonly number[]
}

/** A counter with its labels already bound: cheap enough for the hot path. */
export interface Count { inc (by?: number): void }
/** A gauge with its labels already bound. */
export interface Level extends Count {
  dec (by?: number): void
  set (value: number): void
  /** What it is about has gone: not exposed any more, until it is set again. */
  clear (): void
}
/** A histogram with its labels already bound; the value is in the metric's unit. */
export interface Observe { observe (value: number): void }

/** What an audit line holds: one per call and per refused credential (rulings, R18). Never arguments or results. */
export interface AuditRecord {
  readonly event: 'call' | 'refused' | 'session_opened' | 'session_closed' | 'worker_started' | 'worker_bound' | 'worker_ended' | 'token_issued' | 'credential_revoked'
  readonly requestId?: string
  readonly tenant?: string
  readonly user?: string
  readonly credentialId?: string
  readonly server?: string
  readonly method?: string
  /** Tool, prompt or resource name as the caller wrote it; escaped and capped by the writer. */
  readonly name?: string
  /** Keyed hash of the arguments, where {@link AuditSink.hashOf} makes one. */
  readonly argumentsHash?: string
  readonly outcome: 'ok' | 'tool_error' | 'error' | 'refused' | 'cancelled'
  /** Catalogue or closed-set reason. */
  readonly code?: string
  /** Closed-set reason behind the code, where one code has several. */
  readonly reason?: string
  /** Address of the peer, for refused credentials. */
  readonly remoteAddress?: string
  readonly httpStatus?: number
  readonly durationMs?: number
}

export interface AuditSink {
  record (entry: AuditRecord): void
  /** Of `arguments` in an MCP request's params, or undefined; taken while they are all there. Absent = records have none. */
  readonly hashOf?: (params: Readonly<Record<string, unknown>> | undefined) => string | undefined
  /**
   * Whether calls may go on; absent = they always may. undefined = they may, and nothing was made to find that out; otherwise a
   * promise that resolves, within two seconds, with whether they may by then (FR38).
   */
  readonly room?: () => Promise<boolean> | undefined
}
