import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { standingHeaders, standingLines } from '../../plugins/edge/standing-headers.ts'
import { writable, type JsonText } from '../../src/protocol/index.ts'
import { turnEnd, type AtTurnEnd } from '../../src/shared/turn-end.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
/** From so many bytes on an answer is written at once: what waits is not counted among the bytes that are held. */
const LARGE_BYTES = 16_384

/**
 * Sends a JSON answer under the status that the reply has, in one write and without copying it: at once, or beside others when
 * this turn of the event loop ends. Written past Fastify, which would look through it for streams, serialisers and hooks that no
 * answer of a call has, and takes no text in pieces.
 * @param hasHeaders the reply was given headers by whoever answers. Those that CORS sets need no word.
 */
export function sendText (reply: FastifyReply, text: JsonText, hasHeaders = false): void {
  reply.hijack()
  const { raw } = reply
  if (typeof text === 'string') {
    const bytes = Buffer.byteLength(text)
    writeJsonHead(reply, bytes, hasHeaders)
    const answer = new WholeAnswer(raw, text, bytes === text.length)
    if (turnEnd.unanswered === 0 || bytes >= LARGE_BYTES) answer.turnEnded()
    else turnEnd.addAnswer(answer)
    return
  }
  writeJsonHead(reply, text.bytes, hasHeaders)
  // The kernel has everything then; a connection that is lost before leaves the memory to the collector.
  raw.once('finish', () => { text.release() })
  raw.cork()
  for (const piece of text.pieces) raw.write(piece)
  // Uncorks too.
  raw.end()
}

/** The text of an answer whose head is written. */
class WholeAnswer implements AtTurnEnd {
  readonly #raw: ServerResponse
  readonly #text: string
  readonly #isAscii: boolean

  constructor (raw: ServerResponse, text: string, isAscii: boolean) {
    this.#raw = raw
    this.#text = text
    this.#isAscii = isAscii
  }

  /** Text that is one byte a character is not encoded. */
  turnEnded (): void { this.#raw.end(writable(this.#text), this.#isAscii ? 'latin1' : 'utf8') }
}

/** The head of an answer of `bytes` bytes, under the status and with the headers that the reply has; most have none, and asking costs more than writing. */
function writeJsonHead (reply: FastifyReply, bytes: number, hasHeaders: boolean): void {
  const { raw } = reply
  if (hasHeaders || reply.server.hasCors) {
    const own = reply.getHeaders() as OutgoingHttpHeaders
    raw.writeHead(raw.statusCode, { ...standingHeaders(reply), 'content-type': JSON_TYPE, ...own, 'content-length': bytes })
    return
  }
  const lines = standingLines(reply)
  lines.push('content-type', JSON_TYPE, 'content-length', String(bytes))
  raw.writeHead(raw.statusCode, lines)
}
