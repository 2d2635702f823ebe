import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AppOptions } from '../plugins/app-options.ts'
import type { Gateway } from '../src/gateway/index.ts'
import { acceptsEventStream, parseBody, sseEndpoint } from '../src/protocol/index.ts'
import type { Session, SessionRoute } from '../src/session/index.ts'
import type { Clock } from '../src/shared/clock.ts'
import { GatewayError } from '../src/shared/errors.ts'
import type { Result } from '../src/shared/result.ts'
import { bodyOf } from './answer/body-of.ts'
import { expireStream } from './answer/expire-stream.ts'
import { sendRefusal } from './answer/send-refusal.ts'
import { SseExchange } from './answer/sse-exchange.ts'
import { startSse } from './answer/start-sse.ts'
import { callerOf, routeOf } from './answer/target.ts'
import { whenClosed } from './answer/when-closed.ts'
import { messagesDocs, sseDocs } from './operations/sse.ts'

const STREAMS: Readonly<Record<string, FastifyContextConfig>> = {
  '/sse': { docs: sseDocs('all') },
  '/sse/': { aliasOf: '/sse' },
  '/servers/:name/sse': { docs: sseDocs('one') },
  '/servers/:name/sse/': { aliasOf: '/servers/:name/sse' }
}
const MESSAGES: Readonly<Record<string, FastifyContextConfig>> = {
  '/messages/': { docs: messagesDocs('all') },
  '/messages': { aliasOf: '/messages/' },
  '/servers/:name/messages/': { docs: messagesDocs('one') },
  '/servers/:name/messages': { aliasOf: '/servers/:name/messages/' }
}

/** HTTP+SSE (MCP 2024-11-05): a GET that stays open and carries every answer, and POSTs that are only acknowledged. */
export default async function sseRoutes (app: FastifyInstance, { gateway, settings, clock }: AppOptions): Promise<void> {
  const prefix = new URL(settings.http.publicUrl).pathname.replace(/\/$/, '')
  for (const [url, docs] of Object.entries(STREAMS)) {
    app.get(url, { config: { mcp: true, ...docs } }, (request, reply) => { open(gateway, request, reply, prefix, clock) })
    app.route({ method: ['POST', 'PUT', 'PATCH', 'DELETE'], url, config: { mcp: true }, handler: (_request, reply) => refuseMethod(reply, 'GET') })
  }
  for (const [url, docs] of Object.entries(MESSAGES)) {
    app.post(url, { config: { mcp: true, ...docs } }, (request, reply) => { post(gateway, request, reply) })
    app.route({ method: ['GET', 'PUT', 'PATCH', 'DELETE'], url, config: { mcp: true }, handler: (_request, reply) => refuseMethod(reply, 'POST') })
  }
}

function refuseMethod (reply: FastifyReply, allow: string): never {
  reply.header('allow', allow)
  throw new GatewayError('GW_HTTP_METHOD')
}

function open (gateway: Gateway, request: FastifyRequest, reply: FastifyReply, prefix: string, clock: Clock): void {
  const route = routeOf(request, gateway)
  if (!acceptsEventStream(request.headers.accept)) throw new GatewayError('GW_HTTP_NOT_ACCEPTABLE')
  const opened = gateway.open(callerOf(request), route, 'sse')
  if (!(opened instanceof Promise)) return begin(gateway, request, reply, prefix, clock, opened)
  opened.then((late) => begin(gateway, request, reply, prefix, clock, late)).catch((thrown: unknown) => reply.send(thrown))
}

function begin (gateway: Gateway, request: FastifyRequest, reply: FastifyReply, prefix: string, clock: Clock, opened: Result<Session, GatewayError>): void {
  if (!opened.ok) throw opened.error
  const session = opened.value
  const { route } = session
  const writer = startSse(reply)
  writer.write(sseEndpoint(`${prefix}${messagesPath(route)}?session_id=${session.id}`))
  const detach = gateway.attach(session, writer, undefined)
  const keep = expireStream(callerOf(request).principal, writer, clock)
  whenClosed(reply, () => {
    keep()
    detach()
    // On this transport the stream is the session: without it no answer can arrive (rulings 4).
    // Nobody is left to be told.
    gateway.close(session, 'client_disconnected')?.catch(() => undefined)
  })
}

function messagesPath (route: SessionRoute): string {
  return route.kind === 'aggregate' ? '/messages/' : `/servers/${route.server}/messages/`
}

function post (gateway: Gateway, request: FastifyRequest, reply: FastifyReply): void {
  const session = sessionOf(gateway, request)
  const parsed = parseBody(bodyOf(request))
  if (!parsed.ok) return sendRefusal(reply, new GatewayError(parsed.error.code, { reason: parsed.error.reason }), parsed.error.id)
  if (parsed.value.kind === 'batch') throw new GatewayError('GW_PROTOCOL_BATCH')
  // Acknowledged first: the answer may be on the stream before this response is read.
  reply.code(202).send('Accepted')
  gateway.receive(session, callerOf(request), parsed.value.message, new SseExchange(session))
}

function sessionOf (gateway: Gateway, request: FastifyRequest): Session {
  const route = routeOf(request, gateway)
  const id = (request.query as { readonly session_id?: unknown }).session_id
  if (id === undefined || id === '') throw new GatewayError('GW_SESSION_REQUIRED', { publicMessage: 'session_id is required: open the SSE stream first.' })
  const session = typeof id === 'string' ? gateway.find(id, callerOf(request), route) : undefined
  if (session === undefined || session.face !== 'sse') throw new GatewayError('GW_SESSION_NOT_FOUND')
  return session
}
