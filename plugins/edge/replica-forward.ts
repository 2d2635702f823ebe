import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isModernVersion } from '../../src/protocol/index.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import type { Home, OwnerKey, Replica, SessionHome } from '../../src/replicas/index.ts'
import type { SessionRoute } from '../../src/session/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import type { Principal } from '../../src/shared/principal.ts'
import type { AppOptions } from '../app-options.ts'
import { HandOver, type NextHome } from '../replicas/hand-over.ts'
import { NOT_DONE_HEADER } from '../replicas/hop-headers.ts'
import { hopOf } from '../replicas/hops.ts'
import type { ReplicaLinks } from '../replicas/replica-links.ts'
import { linger } from './linger.ts'
import { wholeBody } from './taken-body.ts'

type Done = (error?: Error) => void

/** One request that is to be placed. */
interface Asked {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly principal: Principal
  /** It is served here, or with an error not at all. */
  readonly done: Done
}

/** One that cannot be placed right now: whoever knows does not answer. */
const RETRY_AFTER_S = 1

/**
 * With `redis`: a request is served where its session is, or where its caller's workers are, and handed over there once
 * (rulings 7). The tag of a session id is a hint: whoever it leads to looks the session up and compares the owner (T01, T03).
 * A session whose replica cannot be asked is 503 and never 404, which would make its client give it up (FR24).
 */
export default fp<AppOptions>(async (app, { replicas: links, gateway, settings }) => {
  app.decorate('handOverTo', (request, reply, instance, serveHere) => links !== undefined && handOverTo(links, request, reply, instance, serveHere))
  app.decorate('opensHere', (request) => links === undefined || opensHere(links, gateway, request))
  if (links === undefined) return
  const { replicas, leaving } = links
  const maxBodyBytes = settings.http.maxBodyBytes

  app.addHook('onRequest', (request, reply, done) => {
    const { principal } = request
    // Routes that anybody may ask, and paths without a route, are everywhere the same.
    if (principal === undefined || request.arrival.route === undefined) return done()
    const hop = hopOf(request.raw)
    // The next request shall come over a connection to another replica (FR31).
    if (leaving.hasBegun && hop === undefined) reply.raw.shouldKeepAlive = false
    if (hop !== undefined) return admit(hop.ownerKey, { request, reply, principal, done })
    const sessionId = sessionIdOf(request)
    const asked = { request, reply, principal, done }
    if (sessionId === undefined) return byOwner(asked)
    const home = replicas.homeOfSession(sessionId)
    if (!(home instanceof Promise)) return bySession(home, sessionId, asked)
    home.then((late) => { bySession(late, sessionId, asked) }, done)
  })

  /** Another replica says that this is ours. Never a second hop. */
  function admit (ownerKey: OwnerKey | undefined, asked: Asked): void {
    const isForeign = (): void => { refuseHop(asked) }
    if (ownerKey === undefined) return admitSession(asked, isForeign)
    settled(replicas.homeOf(ownerKey), asked.done, ({ at }) => {
      if (at !== 'here') return isForeign()
      const released = leaving.hold(ownerKey)
      if (released === undefined) return serve(ownerKey, asked, isForeign)
      // By then it has another owner, or the other replica's client is told to come back.
      released.then(() => { isForeign() }, asked.done)
    })
  }

  /** By the tag of its session, or because another replica drains. */
  function admitSession (asked: Asked, isForeign: () => void): void {
    const ownerKey = keyOf(asked)
    const released = ownerKey === undefined ? undefined : leaving.hold(ownerKey)
    const sessionId = sessionIdOf(asked.request)
    if (released === undefined || (sessionId !== undefined && gateway.has(sessionId))) serve(ownerKey, asked, isForeign)
    else released.then(() => { isForeign() }, asked.done)
  }

  /** Nothing was done: the replica that handed it over looks once more whose it is. */
  function refuseHop ({ request, reply }: Asked): void {
    linger(request.raw, maxBodyBytes)
    // Its own request is the other replica's to log.
    request.arrival.handedOver = true
    reply.code(421).header(NOT_DONE_HEADER, '1').send()
  }

  function bySession (home: SessionHome, sessionId: string, asked: Asked): void {
    switch (home.at) {
      // What was opened here, and is not any more, may go on elsewhere.
      case 'here': return gateway.has(sessionId) ? serveOpen(asked) : byOwner(asked)
      case 'gone': return byOwner(asked)
      case 'unknown': return asked.done(unplaced())
      case 'replica': return handOver(home.replica, asked, undefined)
    }
  }

  function byOwner (asked: Asked): void {
    const ownerKey = keyOf(asked)
    if (ownerKey === undefined) return anywhere(asked)
    settled(replicas.homeOf(ownerKey), asked.done, (home) => {
      if (home.at === 'unknown') return asked.done(unplaced())
      if (home.at === 'replica') return handOver(home.replica, asked, ownerKey)
      const released = leaving.hold(ownerKey)
      if (released === undefined) serve(ownerKey, asked)
      else released.then(() => { afterHold(ownerKey, asked) }, asked.done)
    })
  }

  /** What kept the caller here has ended, or takes too long. */
  function afterHold (ownerKey: OwnerKey, asked: Asked): void {
    settled(replicas.homeOf(ownerKey), asked.done, (home) => {
      if (home.at === 'replica') handOver(home.replica, asked, ownerKey)
      else asked.done(home.at === 'here' ? new GatewayError('GW_DRAINING', { retryAfterS: RETRY_AFTER_S }) : unplaced())
    })
  }

  /** Of nobody in particular: here, unless this replica is about to end. */
  function anywhere (asked: Asked): void {
    const peer = leaving.hasBegun ? leaving.peerFor(asked.principal.userKey) : undefined
    if (peer === undefined) serve(undefined, asked)
    else handOver(peer, asked, undefined)
  }

  function handOver (replica: Replica, asked: Asked, ownerKey: OwnerKey | undefined): void {
    const { request, reply, principal } = asked
    const body = wholeBody(request.raw)
    const done: Done = (error) => { if (error === undefined) serve(keyOf(asked), asked); else asked.done(error) }
    const elsewhere = async (): Promise<NextHome> => {
      if (ownerKey !== undefined) replicas.forget(ownerKey)
      const sessionId = ownerKey === undefined ? sessionIdOf(request) : undefined
      const next = sessionId === undefined ? undefined : await replicas.homeOfSession(sessionId)
      // Where it was not, it went on with its owner, if it did.
      const isElsewhere = next !== undefined && next.at !== 'gone' && !(next.at === 'replica' && next.replica.instance === replica.instance)
      return isElsewhere ? { home: next } : await ownersHome(asked)
    }
    new HandOver({ links: linksOf(), request, reply, principal, elsewhere, done, ...(ownerKey === undefined ? {} : { ownerKey }), ...(body === undefined ? {} : { body }) }).to(replica)
  }

  /**
   * It is served here. A session that is not open here is opened anew if it may be, or is somebody's who took it over.
   * @param isForeign set for what another replica handed over: says that it is not ours
   */
  function serve (ownerKey: OwnerKey | undefined, asked: Asked, isForeign?: () => void): void {
    const { request, reply, principal, done } = asked
    const sessionId = sessionIdOf(request)
    const isAway = sessionId !== undefined && !gateway.has(sessionId)
    const mayOpen = ownerKey === undefined ? !leaving.hasBegun : replicas.owns(ownerKey)
    if (isAway && !mayOpen && isForeign !== undefined) return isForeign()
    leaving.enter(request, reply, ownerKey)
    const route = isAway ? routeOfRequest(asked) : undefined
    if (!isAway || route === undefined || gateway.reopen === undefined) return done()
    gateway.reopen(sessionId, { principal, requestId: request.id }, route).then((found) => {
      if (found.at !== 'replica') return done()
      leaving.leave(request)
      if (isForeign !== undefined) return isForeign()
      const holder = replicas.instance(found.instance)
      if (holder === undefined) done(unplaced())
      else handOver(holder, asked, undefined)
    }, () => { done(unplaced()) })
  }

  /** Its session is open here: the way of most calls, and nothing is looked up twice. */
  function serveOpen (asked: Asked): void {
    leaving.enter(asked.request, asked.reply, keyOf(asked))
    asked.done()
  }

  async function ownersHome (asked: Asked): Promise<NextHome> {
    const ownerKey = keyOf(asked)
    return ownerKey === undefined ? { home: { at: 'here' } } : { home: await replicas.homeOf(ownerKey), ownerKey }
  }

  function keyOf ({ request, principal }: Asked): OwnerKey | undefined {
    return ownerKeyOfRequest(linksOf(), gateway, request, principal)
  }

  /** Undefined: an endpoint that has no sessions, or not for this caller. */
  function routeOfRequest ({ request, principal }: Asked): SessionRoute | undefined {
    const { name } = request.params as { readonly name?: string }
    if (!request.arrival.isMcp) return undefined
    if (name === undefined) return { kind: 'aggregate' }
    const server = gateway.serverNamed(principal, name)
    return server === undefined ? undefined : { kind: 'server', server }
  }

  function linksOf (): NonNullable<AppOptions['replicas']> {
    if (links === undefined) throw new TypeError('no replicas')
    return links
  }
}, { name: 'replica-forward', dependencies: ['credential-guard'] })

function ownerKeyOfRequest ({ ownerKeyOf }: ReplicaLinks, gateway: Gateway, request: FastifyRequest, principal: Principal): OwnerKey | undefined {
  const { name } = request.params as { readonly name?: string }
  if (name === undefined) return ownerKeyOf(principal, undefined)
  const server = gateway.serverNamed(principal, name)
  // Unknown and not allowed are the same 404, everywhere.
  return server === undefined ? undefined : ownerKeyOf(principal, server)
}

function opensHere (links: ReplicaLinks, gateway: Gateway, request: FastifyRequest): boolean {
  const { principal } = request
  if (principal === undefined || sessionIdOf(request) === undefined) return true
  const ownerKey = ownerKeyOfRequest(links, gateway, request, principal)
  return ownerKey === undefined || links.replicas.owns(ownerKey)
}

/** By something else than its headers: its body was read. */
function handOverTo (links: ReplicaLinks, request: FastifyRequest, reply: FastifyReply, instance: string, serveHere: () => void): boolean {
  const { principal, body } = request
  const replica = links.replicas.instance(instance)
  if (principal === undefined || replica === undefined || replica === links.replicas.self || hopOf(request.raw) !== undefined || !Buffer.isBuffer(body)) return false
  const elsewhere = async (): Promise<NextHome> => ({ home: { at: 'here' } })
  new HandOver({ links, request, reply, principal, body, elsewhere, done: (error) => { error === undefined ? serveHere() : reply.send(error) } }).to(replica)
  return true
}

/** Without a promise where the home is known. */
function settled (home: Home | Promise<Home>, done: Done, then: (home: Home) => void): void {
  if (home instanceof Promise) home.then(then).catch(done)
  else then(home)
}

/** Modern requests have no session, whatever came along (MCP 2026-07-28 transports). */
function sessionIdOf ({ headers, query }: FastifyRequest): string | undefined {
  const id = headers['mcp-session-id']
  if (typeof id === 'string') return isModernVersion(headers['mcp-protocol-version'] as string | undefined) ? undefined : id
  const { session_id: inQuery } = query as { readonly session_id?: unknown }
  return typeof inQuery === 'string' ? inQuery : undefined
}

function unplaced (): GatewayError {
  return new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'no replica can say whose request this is', retryAfterS: RETRY_AFTER_S })
}
