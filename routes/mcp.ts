import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AppOptions } from '../plugins/app-options.ts'
import type { Caller, Gateway } from '../src/gateway/index.ts'
import { acceptsBoth, acceptsEventStream, hasFeature, isKnownRevision, isModern, isModernVersion, parseBody, type Inbound, type InboundMessage, type ParsedBody } from '../src/protocol/index.ts'
import type { Session, SessionRoute } from '../src/session/index.ts'
import type { Clock } from '../src/shared/clock.ts'
import { GatewayError } from '../src/shared/errors.ts'
import type { Result } from '../src/shared/result.ts'
import { bodyOf } from './answer/body-of.ts'
import { expireStream } from './answer/expire-stream.ts'
import { postModern } from './answer/modern-post.ts'
import { OpeningExchange } from './answer/opening-exchange.ts'
import { PostExchange } from './answer/post-exchange.ts'
import { sendRefusal } from './answer/send-refusal.ts'
import { startSse } from './answer/start-sse.ts'
import { callerOf, routeOf } from './answer/target.ts'
import { whenClosed } from './answer/when-closed.ts'
import { endDocs, postDocs, streamDocs } from './operations/mcp.ts'

/** Where Streamable HTTP is served, in the spellings that users of other gateways have configured (R3, R4). */
const ENDPOINTS = [
  { endpoint: 'all', url: '/mcp', aliases: ['/mcp/'] },
  { endpoint: 'one', url: '/servers/:name/mcp', aliases: ['/servers/:name/mcp/', '/servers/:name', '/servers/:name/'] }
] as const

/** Streamable HTTP of both eras: with sessions 2025-03-26 to 2025-11-25, each request by itself from 2026-07-28 on. */
export default async function mcpRoutes (app: FastifyInstance, { gateway, clock }: AppOptions): Promise<void> {
  for (const { endpoint, url, aliases } of ENDPOINTS) {
    serve(url, { post: { docs: postDocs(endpoint) }, get: { docs: streamDocs(endpoint) }, delete: { docs: endDocs(endpoint) } })
    for (const alias of aliases) serve(alias, { post: { aliasOf: url }, get: { aliasOf: url }, delete: { aliasOf: url } })
  }

  function serve (url: string, config: Readonly<Record<'post' | 'get' | 'delete', FastifyContextConfig>>): void {
    app.post(url, { config: { mcp: true, ...config.post } }, (request, reply) => { post(gateway, request, reply, clock) })
    app.get(url, { config: { mcp: true, ...config.get } }, (request, reply) => { openStream(gateway, request, reply, clock) })
    app.delete(url, { config: { mcp: true, ...config.delete } }, (request, reply) => { endSession(gateway, request, reply) })
    app.route({ method: ['PUT', 'PATCH'], url, config: { mcp: true }, handler: refuseMethod })
  }
}

function refuseMethod (_request: FastifyRequest, reply: FastifyReply): never {
  reply.header('allow', 'POST, GET, DELETE')
  throw new GatewayError('GW_HTTP_METHOD')
}

function post (gateway: Gateway, request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  const route = routeOf(request, gateway)
  if (!acceptsBoth(request.headers.accept)) throw new GatewayError('GW_HTTP_NOT_ACCEPTABLE')
  const parsed = parseBody(bodyOf(request))
  if (!parsed.ok) return sendRefusal(reply, new GatewayError(parsed.error.code, { reason: parsed.error.reason }), parsed.error.id)
  const body = parsed.value
  if (body.kind === 'batch') return postBatch(gateway, request, reply, route, body)
  const { message } = body
  if (isModern(message, request.headers)) postModern({ gateway, clock, request, reply, caller: callerOf(request), route }, message)
  else postSingle(gateway, request, reply, route, message)
}

function postSingle (gateway: Gateway, request: FastifyRequest, reply: FastifyReply, route: SessionRoute, message: InboundMessage): void {
  if (message.kind === 'request' && message.method === 'initialize') return initialize(gateway, request, reply, route, message)
  const caller = callerOf(request)
  const session = sessionOf(gateway, request, caller, route)
  if (message.kind === 'request') {
    gateway.receive(session, caller, message, new PostExchange(reply, session, 1, false))
    return
  }
  gateway.receive(session, caller, message, NO_ANSWER)
  reply.code(202).send()
}

/** A client's choice of session id is never taken (T03): initialize always opens a new session. */
function initialize (gateway: Gateway, request: FastifyRequest, reply: FastifyReply, route: SessionRoute, message: InboundMessage & { kind: 'request' }): void {
  const caller = callerOf(request)
  // It came where the id that it brought along pointed to, and not to where its user lives: without the id it will.
  if (!request.server.opensHere(request)) throw new GatewayError('GW_SESSION_NOT_FOUND')
  const opened = gateway.open(caller, route, 'http')
  if (opened instanceof Promise) opened.then((late) => greet(gateway, caller, reply, message, late)).catch((thrown: unknown) => reply.send(thrown))
  else greet(gateway, caller, reply, message, opened)
}

function greet (gateway: Gateway, caller: Caller, reply: FastifyReply, message: InboundMessage & { kind: 'request' }, opened: Result<Session, GatewayError>): void {
  if (!opened.ok) return sendRefusal(reply, opened.error, message.id)
  const session = opened.value
  gateway.receive(session, caller, message, new OpeningExchange(reply, session, () => gateway.close(session)))
}

function postBatch (gateway: Gateway, request: FastifyRequest, reply: FastifyReply, route: SessionRoute, body: ParsedBody & { kind: 'batch' }): void {
  // The modern era has no batches, and no session that could be missing.
  if (body.messages.some((message) => isModern(message, request.headers))) throw new GatewayError('GW_PROTOCOL_BATCH')
  const caller = callerOf(request)
  const session = sessionOf(gateway, request, caller, route)
  if (!hasFeature(session.hello.protocolVersion, 'batch')) throw new GatewayError('GW_PROTOCOL_BATCH')
  const owed = body.messages.filter(isOwedAnAnswer).length
  const exchange = owed === 0 ? NO_ANSWER : new PostExchange(reply, session, owed, true)
  for (const message of body.messages) gateway.receive(session, caller, withoutInitialize(message), exchange)
  if (owed === 0) reply.code(202).send()
}

function isOwedAnAnswer (message: Inbound): boolean {
  return message.kind === 'request' || message.kind === 'invalid'
}

/** initialize must not be part of a batch (MCP 2025-03-26 lifecycle). */
function withoutInitialize (message: Inbound): Inbound {
  if (message.kind !== 'request' || message.method !== 'initialize') return message
  return { kind: 'invalid', id: message.id, code: 'GW_PROTOCOL_SHAPE', reason: 'initialize in a batch' }
}

/** For messages that are owed no answer. */
const NO_ANSWER = { emit: nothing, finish: nothing, drop: nothing, refuse: nothing }
function nothing (): void {}

/** The session a request names. Missing = 400; unknown, ended or somebody else's = one constant 404 (rulings 4, T01). */
function sessionOf (gateway: Gateway, request: FastifyRequest, caller: Caller, route: SessionRoute): Session {
  const version = request.headers['mcp-protocol-version']
  if (version !== undefined && !isKnownRevision(version)) throw new GatewayError('GW_PROTOCOL_VERSION')
  const id = request.headers['mcp-session-id']
  if (typeof id !== 'string' || id === '') throw new GatewayError('GW_SESSION_REQUIRED')
  const session = gateway.find(id, caller, route)
  if (session === undefined || session.face !== 'http') throw new GatewayError('GW_SESSION_NOT_FOUND')
  return session
}

function refuseModern (request: FastifyRequest, reply: FastifyReply): void {
  if (!isModernVersion(request.headers['mcp-protocol-version'] as string | undefined)) return
  reply.header('allow', 'POST')
  throw new GatewayError('GW_HTTP_METHOD')
}

function openStream (gateway: Gateway, request: FastifyRequest, reply: FastifyReply, clock: Clock): unknown {
  const route = routeOf(request, gateway)
  refuseModern(request, reply)
  const caller = callerOf(request)
  const session = sessionOf(gateway, request, caller, route)
  if (!acceptsEventStream(request.headers.accept)) throw new GatewayError('GW_HTTP_NOT_ACCEPTABLE')
  const lastEventId = request.headers['last-event-id']
  // An event id that this session never gave out resumes nothing (T20); the client gets a stream of its own from now on.
  const resume = typeof lastEventId === 'string' ? session.log.find(lastEventId) : undefined
  // "Do not come back" (WHATWG server-sent events): clients would ask again every second for an answer that was an error.
  if (resume === 'over') return reply.code(204).send()
  const writer = startSse(reply)
  const detach = gateway.attach(session, writer, resume)
  const keep = expireStream(caller.principal, writer, clock)
  whenClosed(reply, () => {
    keep()
    detach()
  })
}

function endSession (gateway: Gateway, request: FastifyRequest, reply: FastifyReply): void {
  const route = routeOf(request, gateway)
  refuseModern(request, reply)
  const told = gateway.close(sessionOf(gateway, request, callerOf(request), route))
  if (told === undefined) reply.code(204).send()
  // From then on no replica finds it.
  else told.then(() => { reply.code(204).send() }, (error: unknown) => { reply.send(error) })
}
