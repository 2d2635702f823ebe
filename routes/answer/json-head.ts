import { ServerResponse, STATUS_CODES, type OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { standingHeaders, standingLines } from '../../plugins/edge/standing-headers.ts'

const TYPE = 'application/json; charset=utf-8'

type StoreHeader = (this: ServerResponse, firstLines: string, headers: OutgoingHttpHeaders) => void

/**
 * What Node's `writeHead` ends in: it puts the headers behind a first line, each looked at by name, by character and for what
 * it means to the connection. Lines that are the same in every answer need none of that; as part of the first line they cost
 * nothing, where nine headers cost 2.5 µs of every call. Not part of Node's API, so it is used only where it is there.
 */
const { _storeHeader: storeHeader } = ServerResponse.prototype as ServerResponse & { readonly _storeHeader?: StoreHeader }

/** Writes the head of a JSON answer of `bytes` bytes past Fastify, under the status and with the headers that the reply has. */
export function writeJsonHead (reply: FastifyReply, bytes: number): void {
  const { raw } = reply
  const headers = reply.getHeaders() as OutgoingHttpHeaders
  headers['content-length'] = bytes
  if (storeHeader === undefined) raw.writeHead(raw.statusCode, { ...standingHeaders(reply), 'content-type': TYPE, ...headers })
  else storeHeader.call(raw, `HTTP/1.1 ${raw.statusCode} ${STATUS_CODES[raw.statusCode] ?? ''}\r\n${standingLines(reply)}content-type: ${TYPE}\r\n`, headers)
}
