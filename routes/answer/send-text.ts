import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { writable, type JsonText } from '../../src/protocol/index.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * Sends a JSON answer under the status that the reply has. A text in pieces goes out as it is, in one write and without being
 * copied; Fastify takes whole ones only, so it is taken over from there, all headers included.
 */
export function sendText (reply: FastifyReply, text: JsonText): void {
  if (typeof text === 'string') {
    reply.header('content-type', JSON_TYPE).send(writable(text))
    return
  }
  reply.hijack()
  const { raw } = reply
  raw.writeHead(reply.statusCode, { ...(reply.getHeaders() as OutgoingHttpHeaders), 'content-type': JSON_TYPE, 'content-length': text.bytes })
  // The kernel has everything then; a connection that is lost before leaves the memory to the collector.
  raw.once('finish', () => { text.release() })
  raw.cork()
  for (const piece of text.pieces) raw.write(piece)
  raw.end()
  raw.uncork()
}
