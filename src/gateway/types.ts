import type { Cache } from '../cache/index.ts'
import type { Limiter } from '../limits/index.ts'
import type { Inbound } from '../protocol/index.ts'
import type { OwnerKey } from '../replicas/index.ts'
import type { OnceStore } from '../resilience/index.ts'
import type { Exchange, Resumption, Session, SessionEnd, SessionRegistryOptions, SessionRoute, StreamWriter } from '../session/index.ts'
import type { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { Result } from '../shared/result.ts'
import type { Settings } from '../shared/settings.ts'
import type { MakeRoom } from '../stdio-pool/index.ts'
import type { AuditSink } from '../telemetry/index.ts'
import type { DecisionPoint, Policy } from '../tenancy/index.ts'
import type { ConnectionsOptions } from '../upstream/index.ts'
import type { Caller, GatewayEvents, ModernRequest } from './context.ts'
import type { PlainCall, PlainOutcome } from './plain-tools.ts'
import type { Reopened, SharedSessions } from './reopening.ts'
import type { EraCounts, ServerStatus } from './status.ts'

/** What a gateway is made of: the rooms below it, ready, and who hears what it does. */
export interface GatewayOptions {
  readonly settings: Settings
  readonly policy: Policy
  /** The current one, if there is any. Absent = there never is. */
  readonly decisionPoint?: () => DecisionPoint | undefined
  readonly limiter: Limiter
  readonly audit: AuditSink
  /** Absent = one of its own, in this process alone. */
  readonly cache?: Cache
  readonly nowMs: () => number
  readonly version: string
  readonly events: GatewayEvents & { readonly sessions: SessionRegistryOptions['events'], readonly upstream: Omit<ConnectionsOptions['events'], 'thrown'> }
  readonly pool: ConnectionsOptions['pool']
  /** Absent = calls that their callers have named are remembered in this process. */
  readonly once?: OnceStore
  /** Which one of several it is, and how its sessions are named. Absent = it is the only one. */
  readonly replica?: { readonly instance: string, readonly newSessionId: () => string }
  readonly host: ConnectionsOptions['host']
  /** Absent = every command is started as written. */
  readonly packages?: ConnectionsOptions['packages']
  /** Absent = sessions end with this process. */
  readonly sharedSessions?: SharedSessions
}

/** What routes call. Nothing here knows HTTP; an {@link Exchange} carries each answer back. */
export interface Gateway {
  /** The caller's session of this id on this route; everything else is the same undefined (T01, T02). */
  find (sessionId: string, caller: Caller, route: SessionRoute): Session | undefined
  /** A new session, not yet greeted by initialize; charged as a request and as an initialize. A promise where replicas count together; it never rejects. */
  open (caller: Caller, route: SessionRoute, face: 'http' | 'sse'): Result<Session, GatewayError> | Promise<Result<Session, GatewayError>>
  /** One classified message of a session. Requests are answered through the exchange, exactly once; the rest needs none. Never throws. */
  receive (session: Session, caller: Caller, message: Inbound, exchange: Exchange): void
  /**
   * One modern request (MCP 2026-07-28), already read and checked against its headers: answered through the exchange, exactly
   * once, unless its client goes first. Never throws. Returns what has to be called when the client has gone before the
   * answer; calling it later, or twice, does nothing.
   */
  receiveModern (caller: Caller, route: SessionRoute, request: ModernRequest, exchange: Exchange): () => void
  /** Connects a GET stream: a new one, or the one to go on with. Returns what has to be called once its connection is gone. */
  attach (session: Session, writer: StreamWriter, resume: Exclude<Resumption, 'over'> | undefined): () => void
  /** Settles when no other replica can find it any more; undefined = none could. */
  close (session: Session, reason?: SessionEnd): Promise<void> | undefined
  /** Is a session of this id open here, whosever it is? */
  has (sessionId: string): boolean
  /**
   * A session that is not open here: opened anew where it may be, see {@link Reopening}. Absent where there are no other replicas.
   * @throws RedisAway nobody can say whether there is one
   */
  readonly reopen?: (sessionId: string, caller: Caller, route: SessionRoute) => Promise<Reopened>
  callTool (caller: Caller, route: SessionRoute, call: PlainCall, abort: AbortSignal): Promise<PlainOutcome>
  status (principal: Principal): ServerStatus[]
  statusForOperator (name: ServerName): object | undefined
  /** Which server a name in a URL means for this principal; undefined = unknown or not allowed, indistinguishably. */
  serverNamed (principal: Principal, urlName: string): ServerName | undefined
  /** Ends the sessions and open listens of some principals, with the calls under way in them: their credential has been revoked. Returns how many. */
  endOf (match: (principal: Principal) => boolean): number
  readonly sessionCounts: { readonly http: number, readonly sse: number }
  readonly callsInFlight: number
  /** Calls of modern clients that wait for answers to what their servers asked. */
  readonly parkedCalls: number
  /** Open subscriptions/listen requests. */
  readonly openListens: number
  /** Open connections to servers, over any transport; servers without one are not in it. */
  connectionCounts (): ReadonlyMap<ServerName, EraCounts>
  /** Spare workers of the server: how many there should be right now, and how many are ready. */
  spares (server: ServerName): { readonly wanted: number, readonly ready: number }
  /** Is the circuit of the server, as it is configured now, open or half open? Undefined = it has none, or nobody has used it yet (FR14). */
  isCircuitOpen (server: ServerName): boolean | undefined
  /** Servers whose newest start failed. */
  readonly failingServers: number
  readonly draining: boolean
  /** A worker bound was hit: ends one idle worker that counts against it. */
  readonly makeRoom: MakeRoom
  /** To be called once, when callers may come: keeps spare workers from then on. */
  warmUp (): void
  /**
   * Another snapshot of the configuration (R8, FR44). New sessions and sessionless requests begin with it; sessions that are
   * open finish with the entries of theirs. Who may do what is not asked of any snapshot but of the policy, which is current.
   */
  configure (settings: Settings): void
  /** Which replica a modern request belongs to, by what it brings back sealed; undefined = any. */
  livesAt (caller: Caller, route: SessionRoute, request: Pick<ModernRequest, 'method' | 'params'>): string | undefined
  /** Does anything of this owner key live here: a session, a subscription, a call that waits for answers, a worker? */
  hasOwned (key: OwnerKey): boolean
  /** Ends all of it, because another replica serves them. Resolves when their workers are gone; calls in flight were answered. */
  endOwned (key: OwnerKey): Promise<void>
  /** Owner keys whose calls are under way here. */
  busyOwners (): OwnerKey[]
  /** Ends idle sessions, and subscriptions, of which no replica is the owner, so that another one takes them. */
  endUnowned (isUnowned: (principal: Principal, route: SessionRoute) => boolean): void
  /**
   * Refuses new sessions, waits for requests in flight up to drainMs, ends streams and workers.
   * @param handing set when others take over: new requests of open sessions are refused, too; `maxMs` is what is left of drainMs
   */
  drain (handing?: { readonly maxMs: number }): Promise<void>
  /** Ends everything now. */
  stop (): Promise<void>
}
