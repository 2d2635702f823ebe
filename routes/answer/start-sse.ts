import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { standingHeaders } from '../../plugins/edge/standing-headers.ts'
import { keepAlive, ResponseWriter } from './response-writer.ts'
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
  whenClosed(reply, keepAlive(raw))
  return new ResponseWriter(raw)
}
