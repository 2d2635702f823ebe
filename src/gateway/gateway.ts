import { createCache, type Cache } from '../cache/index.ts'
import { Parks, RequestStates, TaskIds } from '../bridge/index.ts'
import type { LimitDecision, Limiter } from '../limits/index.ts'
import type { Inbound } from '../protocol/index.ts'
import type { OwnerKey } from '../replicas/index.ts'
import { createMemoryOnceStore, type OnceStore } from '../resilience/index.ts'
import { createSchemaBook } from '../schemas/index.ts'
import { createNameIndex } from '../routing/index.ts'
import { createSealer, deriveKey, sealedAt } from '../seal/index.ts'
import { createSessionRegistry, type Exchange, type Resumption, type Session, type SessionEnd, type SessionRegistryOptions, type SessionRoute, type StreamWriter } from '../session/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { ok, refuse, type Result } from '../shared/result.ts'
import type { ServerSettings, Settings } from '../shared/settings.ts'
import type { AuditSink } from '../telemetry/index.ts'
import type { DecisionPoint, Policy } from '../tenancy/index.ts'
import type { MakeRoom } from '../stdio-pool/index.ts'
import { createConnections, type ConnectionsOptions } from '../upstream/index.ts'
import { ToolBook } from './arguments/tool-book.ts'
import type { Caller, GatewayContext, GatewayEvents, ModernRequest } from './context.ts'
import { createFace } from './face.ts'
import { createLinks } from './links.ts'
import { callPlainTool, drainingOutcome, type PlainCall, type PlainOutcome } from './plain-tools.ts'
import { Listens } from './listens.ts'
import { livesAt } from './lives-at.ts'
import { createLists } from './lists/lists.ts'
import { busyOwners, endOwned, endUnowned, hasOwned } from './owned.ts'
import { modernTurn } from './modern-turn.ts'
import { receiveModern } from './modern.ts'
import { attach, receive } from './receive.ts'
import { limitError } from './refusals.ts'
import { Results } from './results/results.ts'
import { forgetNews } from './reuse/forget.ts'
import { Reopening, type Reopened, type SharedSessions } from './reopening.ts'
import { countByEra, statusFor, statusForOperator, type EraCounts, type ServerStatus } from './status.ts'
import { warmUp } from './warm-up.ts'
import { Work } from './work.ts'

/** In this process, where nobody says otherwise. */
const DEFAULT_CACHE_BYTES = 67_108_864

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
  /** Spare workers of the server that are ready right now. */
  sparesReady (server: ServerName): number
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

export function createGateway (options: GatewayOptions): Gateway {
  const { policy, limiter, nowMs } = options
  let { settings } = options
  const { replica } = options
  const keySealer = createSealer(settings.secret === undefined ? undefined : deriveKey(settings.secret, 'sealed texts'), Date.now)
  const sealer = replica === undefined ? keySealer : sealedAt(keySealer, replica.instance)
  const tasks = new TaskIds(sealer)
  const links = createLinks(() => connections, (server) => createFace(policy, tasks, server), (place, request, method) => {
    forgetNews(cache, place, request.server, request.tenant, method)
    lists.changed(request.server, request, method)
  })
  const work = new Work()
  const names = createNameIndex()
  const cache = options.cache ?? createCache({ maxBytes: settings.cache?.maxBytes ?? DEFAULT_CACHE_BYTES, nowMs, wallMs: Date.now })
  const schemas = createSchemaBook()
  const lists = createLists(names, cache, new ToolBook(schemas), nowMs)
  const connections = createConnections({
    pool: options.pool,
    host: options.host,
    stateDir: settings.stateDir,
    ...options.packages === undefined ? {} : { packages: options.packages },
    warm: { servers: settings.servers.values(), maxStarting: () => settings.pool.maxStarting },
    version: options.version,
    nowMs,
    events: { ...options.events.upstream, thrown: options.events.thrown }
  }, links.peerFor)
  const reopening = options.sharedSessions === undefined ? undefined : new Reopening({ shared: options.sharedSessions, registry: () => sessions, policy, settings: () => settings, nowMs, events: { ...options.events.sessions, thrown: options.events.thrown } })
  const sessions = createSessionRegistry({ ...settings.sessions, nowMs, events: reopening?.listening(options.events.sessions) ?? options.events.sessions, ...options.replica === undefined ? {} : { newId: options.replica.newSessionId } })
  const context: GatewayContext = {
    ...snapshotOf(settings),
    policy,
    decisionPoint: options.decisionPoint ?? (() => undefined),
    limiter,
    sessions,
    ...reopening === undefined ? {} : { reopening },
    connections,
    links,
    work,
    sealer,
    tasks,
    parks: new Parks(new RequestStates(sealer)),
    listens: new Listens(),
    once: options.once ?? createMemoryOnceStore(nowMs),
    nowMs,
    names,
    lists,
    cache,
    results: new Results(cache, nowMs),
    audit: options.audit,
    events: options.events,
    version: options.version
  }
  let byUrlName = urlNames(settings)
  /** For whoever comes now; a session keeps the one that it was opened with. */
  let current = context
  const pinned = new WeakMap<Session, GatewayContext>()
  const contextOf = (session: Session): GatewayContext => current === context ? context : pinned.get(session) ?? current
  let draining = false
  let handsOver = false
  let isWarm = false

  async function stop (): Promise<void> {
    draining = true
    context.parks.endAll()
    context.listens.endAll()
    work.giveUp()
    // Whoever still waits is told that the call may have run, or that it has not, by how far it came.
    sessions.closeAll('draining')
    await connections.close()
    await options.pool.close()
    limiter.close()
    schemas.close()
    reopening?.close()
  }

  function opened ({ principal }: Caller, route: SessionRoute, face: 'http' | 'sse', decision: LimitDecision): Result<Session, GatewayError> {
    // It may have begun while this was decided.
    if (draining) return refuse(new GatewayError('GW_DRAINING', { retryAfterS: 1 }))
    if (!decision.admitted) return refuse(limitError(decision.refusal))
    const session = sessions.open({ principal, route, face })
    return session === undefined ? refuse(new GatewayError('GW_SESSION_LIMIT', { retryAfterS: 10 })) : ok(session)
  }

  /** What is new since a session was opened, it has from the current one. */
  function snapshotOf (own: Settings): Pick<GatewayContext, 'settings' | 'server'> {
    return { settings: own, server: (name) => own.servers.get(name) ?? requireServer(settings, name) }
  }

  function configure (next: Settings): void {
    for (const session of sessions) if (!pinned.has(session)) pinned.set(session, current)
    settings = next
    byUrlName = urlNames(next)
    sessions.configure(next.sessions)
    current = { ...context, ...snapshotOf(next) }
    connections.configure(next.servers)
    if (isWarm) warmUp(current)
  }

  return {
    find: (sessionId, caller, route) => sessions.find(sessionId, caller.principal, route),
    open (caller, route, face) {
      if (draining) return refuse(new GatewayError('GW_DRAINING', { retryAfterS: 1 }))
      const decision = limiter.initialize(caller.principal)
      return decision instanceof Promise ? decision.then((late) => opened(caller, route, face, late)) : opened(caller, route, face, decision)
    },
    receive (session, caller, message, exchange) {
      // Answers and notifications are what calls in flight may be waiting for.
      if (handsOver && message.kind === 'request') exchange.refuse(new GatewayError('GW_DRAINING', { retryAfterS: 1 }), message.id)
      else receive(contextOf(session), session, caller, message, exchange)
    },
    receiveModern (caller, route, request, exchange) {
      if (draining) {
        exchange.refuse(new GatewayError('GW_DRAINING', { retryAfterS: 1 }), request.id)
        return () => undefined
      }
      return receiveModern(current, modernTurn(caller, route, request, exchange))
    },
    warmUp () {
      isWarm = true
      warmUp(current)
    },
    configure,
    sparesReady: (server) => connections.spares(current.server(server)).ready,
    attach: (session, writer, resume) => attach(contextOf(session), session, writer, resume),
    close (session, reason) {
      sessions.close(session, reason)
      return reopening?.ending(session)
    },
    has: (sessionId) => sessions.has(sessionId),
    ...reopening === undefined ? {} : { reopen: async (sessionId, { principal }, route) => await reopening.find(sessionId, principal, route) },
    callTool (caller, route, call, abort) {
      if (draining) return Promise.resolve(drainingOutcome())
      return callPlainTool(current, caller, route, call, abort)
    },
    status: (principal) => statusFor(current, principal),
    statusForOperator: (name) => settings.servers.has(name) ? statusForOperator(current, name) : undefined,
    serverNamed (principal, urlName) {
      const name = byUrlName.get(urlName)
      return name !== undefined && policy.mayUseServer(principal, name) ? name : undefined
    },
    endOf (match) {
      const ended = [...sessions].filter(({ principal }) => match(principal))
      for (const session of ended) sessions.close(session)
      const listens = context.listens.size
      context.listens.endAll(match)
      return ended.length + listens - context.listens.size
    },
    get sessionCounts () { return { http: sessions.countByFace('http'), sse: sessions.countByFace('sse') } },
    get callsInFlight () { return work.count },
    get parkedCalls () { return context.parks.size },
    get openListens () { return context.listens.size },
    connectionCounts: () => countByEra(connections.status()),
    get failingServers () { return [...settings.servers.keys()].filter((name) => connections.lastFailure(name) !== undefined).length },
    get draining () { return draining },
    makeRoom: (owner, bound) => connections.makeRoom(owner, bound),
    livesAt: ({ principal }, route, { method, params }) => replica === undefined ? undefined : livesAt(context, { principal, route, method, params }),
    hasOwned: (key) => hasOwned(context, key),
    endOwned: async (key) => { await endOwned(context, key) },
    busyOwners: () => busyOwners(context),
    endUnowned: (isUnowned) => { endUnowned(context, isUnowned) },
    async drain (handing) {
      draining = true
      handsOver = handing !== undefined
      // No retry and no news can come any more.
      context.parks.endAll()
      context.listens.endAll()
      await work.untilDone(handing?.maxMs ?? settings.drainMs)
      await stop()
    },
    stop
  }
}

function requireServer (settings: Settings, name: ServerName): ServerSettings {
  const server = settings.servers.get(name)
  if (server === undefined) throw new GatewayError('GW_ROUTE_SERVER', { reason: 'a server that is not configured' })
  return server
}

/** Names as URLs may write them: the server's own, and the one of a Claude file that had to be made a slug. */
function urlNames (settings: Settings): ReadonlyMap<string, ServerName> {
  const names = new Map<string, ServerName>()
  for (const server of settings.servers.values()) {
    if (server.originalName !== undefined) names.set(server.originalName, server.name)
  }
  for (const name of settings.servers.keys()) names.set(name, name)
  return names
}
