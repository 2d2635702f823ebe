import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isModernVersion } from '../../src/protocol/index.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import type { Home, OwnerKey, SessionHome } from '../../src/replicas/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import type { Principal } from '../../src/shared/principal.ts'
import type { AppOptions } from '../app-options.ts'
import { HandOver, type NextHome } from '../replicas/hand-over.ts'
import { NOT_DONE_HEADER } from '../replicas/hop-headers.ts'
import { hopOf } from '../replicas/hops.ts'
import type { ReplicaLinks } from '../replicas/replica-links.ts'
import { linger } from './linger.ts'

type Done = (error?: Error) => void

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
  const { replicas } = links
  const maxBodyBytes = settings.http.maxBodyBytes

  app.addHook('onRequest', (request, reply, done) => {
    const { principal } = request
    // Routes that anybody may ask, and paths without a route, are everywhere the same.
    if (principal === undefined || request.arrival.route === undefined) return done()
    const hop = hopOf(request.raw)
    if (hop !== undefined) return admit(hop.ownerKey, request, reply, done)
    const sessionId = sessionIdOf(request)
    if (sessionId === undefined) return byOwner(request, reply, principal, done)
    const home = replicas.homeOfSession(sessionId)
    if (!(home instanceof Promise)) return bySession(home, request, reply, principal, done)
    home.then((late) => { bySession(late, request, reply, principal, done) }, done)
  })

  /** Another replica says that this is ours. Never a second hop. */
  function admit (ownerKey: OwnerKey | undefined, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    if (ownerKey === undefined) return done()
    settled(replicas.homeOf(ownerKey), done, ({ at }) => {
      if (at === 'here') return done()
      linger(request.raw, maxBodyBytes)
      // Its own request is the other replica's to log.
      request.arrival.handedOver = true
      reply.code(421).header(NOT_DONE_HEADER, '1').send()
    })
  }

  function bySession (home: SessionHome, request: FastifyRequest, reply: FastifyReply, principal: Principal, done: Done): void {
    switch (home.at) {
      case 'here': return done()
      case 'gone': return byOwner(request, reply, principal, done)
      case 'unknown': return done(unplaced())
      case 'replica': {
        const elsewhere = async (): Promise<NextHome> => {
          const next = await replicas.homeOfSession(sessionIdOf(request) ?? '')
          return next.at === 'gone' ? await ownersHome(request, principal) : { home: next }
        }
        new HandOver({ links: linksOf(), request, reply, principal, elsewhere, done }).to(home.replica)
      }
    }
  }

  function byOwner (request: FastifyRequest, reply: FastifyReply, principal: Principal, done: Done): void {
    const ownerKey = keyOf(request, principal)
    if (ownerKey === undefined) return done()
    settled(replicas.homeOf(ownerKey), done, (home) => {
      if (home.at === 'here') return done()
      if (home.at === 'unknown') return done(unplaced())
      const elsewhere = async (): Promise<NextHome> => {
        replicas.forget(ownerKey)
        return await ownersHome(request, principal)
      }
      new HandOver({ links: linksOf(), request, reply, principal, ownerKey, elsewhere, done }).to(home.replica)
    })
  }

  async function ownersHome (request: FastifyRequest, principal: Principal): Promise<NextHome> {
    const ownerKey = keyOf(request, principal)
    return ownerKey === undefined ? { home: { at: 'here' } } : { home: await replicas.homeOf(ownerKey), ownerKey }
  }

  function keyOf (request: FastifyRequest, principal: Principal): OwnerKey | undefined {
    return ownerKeyOfRequest(linksOf(), gateway, request, principal)
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
