import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller, Gateway } from '../../src/gateway/index.ts'
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

function postRequest ({ gateway, clock, request, reply, caller, route }: ModernPost, message: InboundMessage & { kind: 'request' }): void {
  const { id, method, params = {} } = message
  const { headers, socket } = request.raw
  const read = readModern(message, headers)
  if (!read.ok) return sendRefusal(reply, read.error, id)
  // Nothing is done for a client that has gone while its credential was looked at.
  if (socket.destroyed) return
  const lasting = method === 'subscriptions/listen' ? { principal: caller.principal, clock } : undefined
  const exchange = new ModernExchange(reply, lasting)
  exchange.cancelWith(gateway.receiveModern(caller, route, { id, method, params, meta: read.value, headers }, exchange))
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
