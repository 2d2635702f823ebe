import { createCache } from '../cache/index.ts'
import { Parks, RequestStates, TaskIds } from '../bridge/index.ts'
import type { LimitDecision } from '../limits/index.ts'
import { createMemoryOnceStore } from '../resilience/index.ts'
import { createSchemaBook } from '../schemas/index.ts'
import { createNameIndex } from '../routing/index.ts'
import { createSealer, deriveKey, sealedAt } from '../seal/index.ts'
import { createSessionRegistry, type Session, type SessionRoute } from '../session/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import { ok, refuse, type Result } from '../shared/result.ts'
import type { Settings } from '../shared/settings.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { createConnections } from '../upstream/index.ts'
import { ToolBook } from './arguments/tool-book.ts'
import type { Caller, GatewayContext } from './context.ts'
import { createFace } from './face.ts'
import { createLinks } from './links.ts'
import { callPlainTool, drainingOutcome } from './plain-tools.ts'
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
import { Reopening } from './reopening.ts'
import { countByEra, statusFor, statusForOperator } from './status.ts'
import type { Gateway, GatewayOptions } from './types.ts'
import { urlNames } from './url-names.ts'
import { warmUp } from './warm-up.ts'
import { Work } from './work.ts'

/** In this process, where nobody says otherwise. */
const DEFAULT_CACHE_BYTES = 67_108_864

/** Builds the gateway of one process from its rooms. */
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
    spares: (server) => connections.spares(current.server(server)),
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
