import type { Cache } from '../cache/index.ts'
import type { Parks, TaskIds } from '../bridge/index.ts'
import type { Sealer } from '../seal/index.ts'
import type { JsonObject, JsonRpcId, ModernMeta, RequestHeaders } from '../protocol/index.ts'
import type { NameIndex } from '../routing/index.ts'
import type { Exchange, Session, SessionRegistry } from '../session/index.ts'
import type { OnceStore } from '../resilience/index.ts'
import type { ServerName, TenantId } from '../shared/ids.ts'
import type { Limiter } from '../limits/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { Settings } from '../shared/settings.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { AuditSink } from '../telemetry/index.ts'
import type { DecisionPoint, Policy } from '../tenancy/index.ts'
import type { Connections } from '../upstream/index.ts'
import type { FaultReason } from './arguments/argument-fault.ts'
import type { CallFailure } from './call-failure.ts'
import type { CallOutcome } from './call-record.ts'
import type { Links } from './links.ts'
import type { Listens } from './listens.ts'
import type { Lists } from './lists/lists.ts'
import type { OnceOutcome } from './once/once-run.ts'
import type { Results } from './results/results.ts'
import type { Reopening } from './reopening.ts'
import type { Work } from './work.ts'

/** One HTTP request, as far as the gateway knows it. */
export interface Caller {
  readonly principal: Principal
  readonly requestId: string
  /** `Idempotency-Key` of the HTTP request, as it came. */
  readonly idempotencyKey?: string
  /** Set when an audit line tells of this request, so that the request log need not. */
  readonly trail?: { audited: boolean }
}

/** One JSON-RPC request of a session, with the way back. */
export interface Turn extends Caller {
  readonly session: Session
  readonly exchange: Exchange
  readonly id: JsonRpcId
}

/** One modern request as the route read it: stands alone, belongs to no session. */
export interface ModernRequest {
  readonly id: JsonRpcId
  readonly method: string
  /** As they came, `_meta` included. */
  readonly params: JsonObject
  readonly meta: ModernMeta
  /** For the `Mcp-Param-*` headers, which only the tool's own schema can judge. */
  readonly headers: RequestHeaders
}

/** What is counted. Labels are bound by the implementation; names of servers are configured ones. */
export interface GatewayEvents {
  call (server: ServerName, method: string, outcome: 'ok' | 'tool_error' | 'error' | 'cancelled', durationMs: number): void
  /** A use of anybody's has ended, refused ones included. The tenant is the principal's, and so possibly a token's own word. */
  used? (tenant: TenantId, outcome: CallOutcome): void
  /** An admitted call has ended without an answer of its server. */
  failed? (server: ServerName, method: string, failure: CallFailure): void
  policyRefused (kind: string): void
  /** A call was refused because its server is known to be down. */
  away? (server: ServerName): void
  /** A call that its caller has named. */
  named? (server: ServerName, outcome: OnceOutcome): void
  /** Arguments that were not sent because of the tool's own schema. */
  argumentsRefused (reason: FaultReason): void
  /** Something that may be reused was wanted: given from what is kept, also while it is read anew (`stale`), asked of the server, or asked of it because the request is one of its own (`bypass`). */
  cached (server: ServerName, outcome: 'hit' | 'stale' | 'miss' | 'bypass'): void
  /** Something of ours threw: a bug. The caller was answered with GW_INTERNAL where there was one. */
  thrown (thrown: unknown): void
}

/** What the files of this room share; made once by createContext. */
export interface GatewayContext {
  readonly settings: Settings
  readonly policy: Policy
  /** Asked about each call that everything else allows. Undefined = nobody is. */
  readonly decisionPoint: () => DecisionPoint | undefined
  readonly limiter: Limiter
  readonly sessions: SessionRegistry
  /** What other replicas may go on with. Absent = there are none. */
  readonly reopening?: Reopening
  readonly connections: Connections
  readonly links: Links
  readonly names: NameIndex
  /** What is remembered of servers' lists. */
  readonly lists: Lists
  /** What servers answered, as far as it may be given again. */
  readonly cache: Cache
  /** What is remembered of servers' results. */
  readonly results: Results
  readonly audit: AuditSink
  readonly events: GatewayEvents
  readonly work: Work
  readonly sealer: Sealer
  readonly tasks: TaskIds
  /** Calls of modern clients that wait for answers. */
  readonly parks: Parks
  /** Open subscriptions/listen requests. */
  readonly listens: Listens
  /** Calls that their callers have named, so that they run once. */
  readonly once: OnceStore
  readonly nowMs: () => number
  readonly version: string
  server (name: ServerName): ServerSettings
}
