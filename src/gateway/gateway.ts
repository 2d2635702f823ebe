import type { Limiter } from '../limits/index.ts'
import { errorReply, type Inbound } from '../protocol/index.ts'
import { createNameIndex } from '../routing/index.ts'
import { createSessionRegistry, type Exchange, type Session, type SessionRegistryOptions, type SessionRoute, type StreamWriter } from '../session/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { ok, refuse, type Result } from '../shared/result.ts'
import type { ServerSettings, Settings } from '../shared/settings.ts'
import type { AuditSink } from '../telemetry/index.ts'
import type { Policy } from '../tenancy/index.ts'
import type { MakeRoom } from '../stdio-pool/index.ts'
import { createConnections, type ConnectionsOptions } from '../upstream/index.ts'
import type { Caller, GatewayContext, GatewayEvents } from './context.ts'
import { helloOf } from './initialize.ts'
import { createLinks } from './links.ts'
import { callPlainTool, type PlainCall, type PlainOutcome } from './plain-tools.ts'
import { limitError } from './refusals.ts'
import { receiveRequest } from './requests.ts'
import { statusFor, statusForOperator, type ServerStatus } from './status.ts'
import { forwardRootsChanged } from './subscriptions.ts'

export interface GatewayOptions {
  readonly settings: Settings
  readonly policy: Policy
  readonly limiter: Limiter
  readonly audit: AuditSink
  readonly nowMs: () => number
  readonly version: string
  readonly events: GatewayEvents & { readonly sessions: SessionRegistryOptions['events'], readonly upstream: ConnectionsOptions['events'] }
  readonly pool: ConnectionsOptions['pool']
  readonly host: ConnectionsOptions['host']
}

/** What routes call. Nothing here knows HTTP; an {@link Exchange} carries each answer back. */
export interface Gateway {
  /** The caller's session of this id on this route; everything else is the same undefined (T01, T02). */
  find (sessionId: string, caller: Caller, route: SessionRoute): Session | undefined
  /** A new session, not yet greeted by initialize. */
  open (caller: Caller, route: SessionRoute, face: 'http' | 'sse'): Result<Session, GatewayError>
  /** One classified message of a session. Requests answer through the exchange, the rest needs none. */
  receive (session: Session, caller: Caller, message: Inbound, exchange: Exchange): void
  /** Connects a GET stream. False: the Last-Event-ID is not one of this session's. */
  attach (session: Session, writer: StreamWriter, lastEventId: string | undefined): boolean
  detach (session: Session, writer: StreamWriter): void
  close (session: Session): void
  callTool (caller: Caller, route: SessionRoute, call: PlainCall, abort: AbortSignal): Promise<PlainOutcome>
  status (principal: Principal): ServerStatus[]
  statusForOperator (name: ServerName): object | undefined
  /** Which server a name in a URL means for this principal; undefined = unknown or not allowed, indistinguishably. */
  serverNamed (principal: Principal, urlName: string): ServerName | undefined
  readonly sessionCounts: { readonly http: number, readonly sse: number }
  readonly callsInFlight: number
  /** Servers whose newest start failed. */
  readonly failingServers: number
  readonly draining: boolean
  /** A worker bound was hit: ends one idle worker that counts against it. */
  readonly makeRoom: MakeRoom
  /** Refuses new sessions, waits for calls in flight up to drainMs, ends streams and workers. */
  drain (): Promise<void>
  /** Ends everything now. */
  stop (): Promise<void>
}

/** How often draining looks whether the last call has ended. */
const DRAIN_POLL_MS = 50

export function createGateway (options: GatewayOptions): Gateway {
  const { settings, policy, limiter, nowMs } = options
  const links = createLinks(() => connections)
  const connections = createConnections({
    pool: options.pool,
    host: options.host,
    stateDir: settings.stateDir,
    version: options.version,
    nowMs,
    events: options.events.upstream
  }, links.peerFor)
  const sessions = createSessionRegistry({ ...settings.sessions, nowMs, events: options.events.sessions })
  const context: GatewayContext = {
    settings,
    policy,
    limiter,
    sessions,
    connections,
    links,
    nowMs,
    names: createNameIndex(),
    audit: options.audit,
    events: options.events,
    version: options.version,
    server: (name) => requireServer(settings, name)
  }
  const byUrlName = urlNames(settings)
  let draining = false

  async function stop (): Promise<void> {
    draining = true
    // First the connections: whoever still waits is told that the call may have run, which "cancelled" would deny.
    const ended = connections.close()
    sessions.closeAll()
    await ended
    await options.pool.close()
    limiter.close()
  }

  return {
    find: (sessionId, caller, route) => sessions.find(sessionId, caller.principal, route),
    open (caller, route, face) {
      if (draining) return refuse(new GatewayError('GW_DRAINING', { retryAfterS: 1 }))
      const decision = limiter.initialize(caller.principal)
      if (!decision.admitted) return refuse(limitError(decision.refusal))
      const session = sessions.open({ principal: caller.principal, route, face })
      return session === undefined ? refuse(new GatewayError('GW_SESSION_LIMIT', { retryAfterS: 10 })) : ok(session)
    },
    receive: (session, caller, message, exchange) => receive(context, session, caller, message, exchange),
    attach: (session, writer, lastEventId) => attach(context, session, writer, lastEventId),
    detach (session, writer) {
      if (session.detachReader(writer)) links.streamClosed(session)
    },
    close: (session) => sessions.close(session),
    callTool (caller, route, call, abort) {
      if (draining) return Promise.resolve(drainingOutcome())
      return callPlainTool(context, caller, route, call, abort)
    },
    status: (principal) => statusFor(context, principal),
    statusForOperator: (name) => settings.servers.has(name) ? statusForOperator(context, name) : undefined,
    serverNamed (principal, urlName) {
      const name = byUrlName.get(urlName)
      return name !== undefined && policy.mayUseServer(principal, name) ? name : undefined
    },
    get sessionCounts () { return { http: sessions.countByFace('http'), sse: sessions.countByFace('sse') } },
    get callsInFlight () { return inFlight(context) },
    get failingServers () { return [...settings.servers.keys()].filter((name) => connections.lastFailure(name) !== undefined).length },
    get draining () { return draining },
    makeRoom: (owner, bound) => connections.makeRoom(owner, bound),
    async drain () {
      draining = true
      const endMs = nowMs() + settings.drainMs
      while (inFlight(context) > 0 && nowMs() < endMs) await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS))
      await stop()
    },
    stop
  }
}

function receive (context: GatewayContext, session: Session, caller: Caller, message: Inbound, exchange: Exchange): void {
  session.touch()
  switch (message.kind) {
    case 'request': return request(context, session, caller, message, exchange)
    case 'notification': return notification(context, session, message)
    case 'response': return session.answer(message.id, message.reply)
    case 'invalid': return exchange.refuse(new GatewayError(message.code, { reason: message.reason }), message.id)
  }
}

function request (context: GatewayContext, session: Session, caller: Caller, message: Extract<Inbound, { kind: 'request' }>, exchange: Exchange): void {
  if (message.method === 'initialize') {
    if (session.greeted) return exchange.finish(message.id, errorReply('GW_PROTOCOL_SHAPE', { publicMessage: 'This session is initialized already.' }))
    session.greet(helloOf(message.params))
  } else if (!session.greeted && message.method !== 'ping') {
    return exchange.finish(message.id, errorReply('GW_PROTOCOL_NOT_INITIALIZED'))
  }
  receiveRequest(context, { principal: caller.principal, requestId: caller.requestId, ...(caller.trail === undefined ? undefined : { trail: caller.trail }), session, exchange, id: message.id }, message.method, message.params)
}

function notification (context: GatewayContext, session: Session, message: Extract<Inbound, { kind: 'notification' }>): void {
  switch (message.method) {
    case 'notifications/initialized': session.initialized = true; return
    case 'notifications/cancelled': return session.cancelCall(message.params?.['requestId'])
    case 'notifications/progress': return session.askProgress(message.params)
    case 'notifications/roots/list_changed': return forwardRootsChanged(context, session)
  }
}

function attach (context: GatewayContext, session: Session, writer: StreamWriter, lastEventId: string | undefined): boolean {
  const resume = lastEventId === undefined ? undefined : session.log.find(lastEventId)
  if (lastEventId !== undefined && resume === undefined) return false
  if (resume !== undefined && !session.isStandalone(resume.stream)) {
    resume.stream.attach(writer, resume.after)
    return true
  }
  const replacedOne = session.attachReader(writer, resume?.after)
  if (!replacedOne) context.links.streamOpened(session)
  return true
}

function drainingOutcome (): PlainOutcome {
  const error = new GatewayError('GW_DRAINING', { retryAfterS: 1 })
  return { ok: false, error: { code: error.row.rpcCode, message: error.message }, refused: error }
}

function inFlight (context: GatewayContext): number {
  return context.connections.status().reduce((sum, status) => sum + status.inFlight, 0)
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
