import { errorReply } from './error-reply.ts'
import { append, appendObject, SplicedText, type JsonText } from './json-text.ts'
import type { JsonObject, JsonRpcId, Reply } from './message.ts'
import { ownersIn, rawMembers } from './raw-members.ts'

/** Characters that JSON allows raw in strings and that some line readers take for line ends. */
const lineEnds = /[\u0085\u2028\u2029]/g

/**
 * Escapes U+0085, U+2028 and U+2029 in a JSON text: the same JSON, and one line to every reader (T38). JSON has these
 * characters only inside strings, so the text need not be parsed.
 */
export function lineSafe (json: string): string {
  // Three native searches take a fraction of what one regular expression takes, the more the longer the text.
  if (!json.includes('\u0085') && !json.includes('\u2028') && !json.includes('\u2029')) return json
  return json.replace(lineEnds, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON of a result; what JSON cannot express becomes null rather than a broken message. */
function valueText (value: unknown): string {
  return (JSON.stringify(value) as string | undefined) ?? 'null'
}

/**
 * A response for HTTP, as JSON or in an SSE frame: one line as HTTP reads it. Pass it through {@link lineSafe} when it
 * goes to a worker instead. Never throws: a server may nest its answer deeper than JSON.stringify has stack for, which
 * JSON.parse does not mind, and its caller then gets an error under the same id (T39).
 * @param id null only where the id of a request could not be read
 */
export function responseText (id: JsonRpcId | null, reply: Reply): string {
  const idText = typeof id === 'number' ? String(id) : JSON.stringify(id)
  try {
    return bodyText(idText, reply)
  } catch {
    return bodyText(idText, errorReply('GW_UPSTREAM_PROTOCOL'))
  }
}

/** The same, in pieces where members of the result are bytes still: those are not looked at. */
export function responseMessage (id: JsonRpcId | null, reply: Reply): JsonText {
  const { result } = reply
  if (typeof result !== 'object' || result === null || rawMembers(result).length === 0) return responseText(id, reply)
  const owners = ownersIn(result)
  const pieces: Array<string | Buffer> = [`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`]
  try {
    appendObject(pieces, result as JsonObject)
  } catch {
    return responseText(id, errorReply('GW_UPSTREAM_PROTOCOL'))
  }
  append(pieces, '}')
  return new SplicedText(pieces, owners)
}

function bodyText (idText: string, reply: Reply): string {
  return reply.error === undefined
    ? `{"jsonrpc":"2.0","id":${idText},"result":${valueText(reply.result)}}`
    : `{"jsonrpc":"2.0","id":${idText},"error":${JSON.stringify(reply.error)}}`
}

/** A request as one line, fit for a worker's stdin as well as for HTTP. */
export function requestText (id: JsonRpcId, method: string, params?: JsonObject): string {
  return lineSafe(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
}

/** The same, in pieces where members of the params are bytes still: those are not looked at. */
export function requestMessage (id: JsonRpcId, method: string, params?: JsonObject): JsonText {
  if (params === undefined || rawMembers(params).length === 0) return requestText(id, method, params)
  const pieces: Array<string | Buffer> = [`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)},"params":`]
  appendObject(pieces, params)
  append(pieces, '}')
  return new SplicedText(pieces.map((piece) => typeof piece === 'string' ? lineSafe(piece) : piece), ownersIn(params))
}

/** A notification as one line, fit for a worker's stdin as well as for HTTP. */
export function notificationText (method: string, params?: JsonObject): string {
  return lineSafe(JSON.stringify({ jsonrpc: '2.0', method, params }))
}
