import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { standingHeaders } from '../../plugins/edge/standing-headers.ts'
import { isEnded, keepAlive, ResponseWriter } from './response-writer.ts'
import { whenClosed } from './when-closed.ts'

/** Takes the response over from Fastify and begins an SSE answer with it, security headers included. */
export function startSse (reply: FastifyReply, headers: Readonly<Record<string, string>> = {}): ResponseWriter {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    ...standingHeaders(reply),
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // nginx would hold events back otherwise.
    'x-accel-buffering': 'no',
    ...headers
  })
  raw.flushHeaders()
  const writer = new ResponseWriter(raw, reply.request.principal)
  whenClosed(reply, keepAlive(writer))
  // Whoever asked for it first says what its end means.
  if (isEnded(writer)) setImmediate(() => { writer.onRevoked() })
  return writer
}
