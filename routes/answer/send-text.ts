import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { standingHeaders, standingLines } from '../../plugins/edge/standing-headers.ts'
import { writable, type JsonText } from '../../src/protocol/index.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * Sends a JSON answer under the status that the reply has, in one write and without copying it. Written past Fastify, which
 * would look through it for streams, serialisers and hooks that no answer of a call has, and takes no text in pieces.
 */
export function sendText (reply: FastifyReply, text: JsonText): void {
  reply.hijack()
  const { raw } = reply
  if (typeof text === 'string') {
    const bytes = Buffer.byteLength(text)
    writeJsonHead(reply, bytes)
    // Text that is one byte a character is not encoded.
    raw.end(writable(text), bytes === text.length ? 'latin1' : 'utf8')
    return
  }
  writeJsonHead(reply, text.bytes)
  // The kernel has everything then; a connection that is lost before leaves the memory to the collector.
  raw.once('finish', () => { text.release() })
  raw.cork()
  for (const piece of text.pieces) raw.write(piece)
  // Uncorks too.
  raw.end()
}

/** The head of an answer of `bytes` bytes, under the status and with the headers that the reply has. */
function writeJsonHead (reply: FastifyReply, bytes: number): void {
  const { raw } = reply
  const own = reply.getHeaders() as OutgoingHttpHeaders
  if (Object.keys(own).length > 0) raw.writeHead(raw.statusCode, { ...standingHeaders(reply), 'content-type': JSON_TYPE, ...own, 'content-length': bytes })
  else {
    const lines = standingLines(reply)
    lines.push('content-type', JSON_TYPE, 'content-length', String(bytes))
    raw.writeHead(raw.statusCode, lines)
  }
}
