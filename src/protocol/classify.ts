import type { Inbound, InboundInvalid } from './inbound.ts'
import { isIntegerToken, isJsonRpcId } from './json-rpc-id.ts'
import { MAX_METHOD_LENGTH } from './limits.ts'
import type { JsonObject, JsonRpcErrorBody, JsonRpcId } from './message.ts'
import type { MessageRanges } from './scan-message.ts'

/** The members of an envelope before anything is known about them. */
interface Envelope {
  readonly jsonrpc?: unknown
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

/** Is the value a JSON object (not null, not an array)? */
export function isJsonObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid (id: JsonRpcId | null, reason: string): InboundInvalid {
  return { kind: 'invalid', id, code: 'GW_PROTOCOL_SHAPE', reason }
}

/** The id of an envelope, or null when it has none that may be echoed. */
function usableId (id: unknown, bytes: Uint8Array, ranges: MessageRanges): JsonRpcId | null {
  if (!isJsonRpcId(id)) return null
  return typeof id === 'string' || isIntegerToken(bytes, ranges.idStart, ranges.idEnd) ? id : null
}

function isErrorBody (value: unknown): value is JsonRpcErrorBody {
  if (!isJsonObject(value)) return false
  const { code, message } = value as { code?: unknown, message?: unknown }
  return Number.isSafeInteger(code) && typeof message === 'string'
}

/** Only the three members of an error travel on. */
function errorBody ({ code, message, data }: JsonRpcErrorBody): JsonRpcErrorBody {
  return data === undefined ? { code, message } : { code, message, data }
}

function classifyResponse ({ result, error }: Envelope, id: JsonRpcId | null): Inbound {
  if (id === null) return invalid(null, 'a response needs a valid id')
  if ((result === undefined) === (error === undefined)) return invalid(id, 'a message needs a method, a result or an error')
  if (error === undefined) return { kind: 'response', id, reply: { result } }
  return isErrorBody(error) ? { kind: 'response', id, reply: { error: errorBody(error) } } : invalid(id, 'malformed error')
}

/**
 * Decides once what a parsed message is (JSON-RPC 2.0 sections 4 and 5 as MCP narrows them; T33). Never throws.
 * Unknown members of the envelope are tolerated and left behind; `params`, `result` and `error.data` go on by reference.
 * @param value one message as JSON.parse gave it
 * @param bytes the body it came from, in which `ranges` point
 */
export function classify (value: unknown, bytes: Uint8Array, ranges: MessageRanges): Inbound {
  if (!isJsonObject(value)) return invalid(null, 'a message must be an object')
  const envelope: Envelope = value
  const { jsonrpc, method, params } = envelope
  const id = usableId(envelope.id, bytes, ranges)
  if (jsonrpc !== '2.0') return invalid(id, 'jsonrpc must be "2.0"')
  if (method === undefined) return classifyResponse(envelope, id)
  if (envelope.result !== undefined || envelope.error !== undefined) return invalid(id, 'a message is a request or a response, not both')
  if (typeof method !== 'string' || method.length === 0 || method.length > MAX_METHOD_LENGTH) return invalid(id, 'malformed method')
  if (params !== undefined && !isJsonObject(params)) return invalid(id, 'params must be an object')
  if (envelope.id === undefined) return { kind: 'notification', method, params }
  return id === null ? invalid(null, 'malformed id') : { kind: 'request', id, method, params }
}
