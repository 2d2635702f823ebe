import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller, Gateway, ModernRequest } from '../../src/gateway/index.ts'
import { modernNotificationRefusal, readModern, repeatedMirror, type InboundMessage } from '../../src/protocol/index.ts'
import type { SessionRoute } from '../../src/session/index.ts'
import type { Clock } from '../../src/shared/clock.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import { ModernExchange } from './modern-exchange.ts'
import { sendRefusal } from './send-refusal.ts'

/** What a POST is answered from. */
export interface ModernPost {
  readonly gateway: Gateway
  readonly clock: Clock
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly caller: Caller
  readonly route: SessionRoute
}

/**
 * One message of the modern era (MCP 2026-07-28 transports): a request is read, checked against its headers and answered by
 * itself. A session id or an event id that came along means nothing, and none is given out.
 */
export function postModern (post: ModernPost, message: InboundMessage): void {
  const { request, reply } = post
  const repeated = repeatedMirror(request.raw.rawHeaders)
  if (repeated !== undefined) return sendRefusal(reply, repeatedHeader(repeated), message.kind === 'request' ? message.id : null)
  switch (message.kind) {
    case 'request': return postRequest(post, message)
    case 'notification': return acknowledge(reply, modernNotificationRefusal(message, request.headers))
    case 'response': return sendRefusal(reply, new GatewayError('GW_PROTOCOL_SHAPE', { reason: 'a response from a modern client' }), null)
  }
}

function postRequest (post: ModernPost, message: InboundMessage & { kind: 'request' }): void {
  const { gateway, request, reply, caller, route } = post
  const { id, method, params = {} } = message
  const read = readModern(message, request.raw.headers)
  if (!read.ok) return sendRefusal(reply, read.error, id)
  // What it brings back may live in another replica: it goes there with the body that was read.
  const at = gateway.livesAt(caller, route, { method, params })
  const asked: ModernRequest = { id, method, params, meta: read.value, headers: request.raw.headers }
  if (at === undefined || !request.server.handOverTo(request, reply, at, () => { answerHere(post, asked) })) answerHere(post, asked)
}

function answerHere ({ gateway, clock, request, reply, caller, route }: ModernPost, asked: ModernRequest): void {
  // Nothing is done for a client that has gone while its credential was looked at.
  if (request.raw.socket.destroyed) return
  const lasting = asked.method === 'subscriptions/listen' ? { principal: caller.principal, clock } : undefined
  const exchange = new ModernExchange(reply, lasting)
  exchange.cancelWith(gateway.receiveModern(caller, route, asked, exchange))
}

/** A notification that is accepted is owed nothing; the era defines none that a client would send over HTTP. */
function acknowledge (reply: FastifyReply, refusal: GatewayError | undefined): void {
  if (refusal !== undefined) return sendRefusal(reply, refusal, null)
  reply.code(202).send()
}

function repeatedHeader (name: string): GatewayError {
  const known = name.startsWith('mcp-param-') ? 'an Mcp-Param header' : name
  return new GatewayError('GW_PROTOCOL_HEADERS', { reason: 'a header on several lines', publicMessage: `Header mismatch: ${known} stands on more than one line.` })
}
