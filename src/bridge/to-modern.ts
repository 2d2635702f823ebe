import { errorReply, isJsonObject, META, toJsonRpcError, withMember, type JsonObject, type JsonRpcErrorBody, type Reply } from '../protocol/index.ts'
import { ERRORS, GatewayError } from '../shared/errors.ts'
import type { Era } from '../shared/era.ts'

/** How long a client may keep a list of a server that says nothing about it, in milliseconds; changes are announced besides. */
const LIST_TTL_MS = 10_000

/** No server decides for longer than this (T23). */
const MAX_TTL_MS = 300_000

/** Results that carry cache hints, and how long they may be kept when the server gives none. */
const CACHEABLE: ReadonlyMap<string, number> = new Map([
  ['server/discover', LIST_TTL_MS],
  ['tools/list', LIST_TTL_MS],
  ['prompts/list', LIST_TTL_MS],
  ['resources/list', LIST_TTL_MS],
  ['resources/templates/list', LIST_TTL_MS],
  ['resources/read', 0]
])

const NOTHING: JsonObject = {}

/** The server behind a reply, as far as its form depends on it. */
export interface ReplyingServer {
  readonly era: Era
  /** Implementation that it calls itself; undefined = unknown. */
  readonly serverInfo: unknown
  /** Was it told that this client takes a task for an answer? Default false. */
  readonly mayMakeTask?: boolean
}

/**
 * A server's reply as clients of the modern era read it: `resultType` and `serverInfo` on every result, cache hints where
 * they belong, no error number of the session era (MCP 2026-07-28). Lists and contents are filtered by who asks, so they are
 * always `private` (T23). The server's objects are not changed; by reference where nothing has to be.
 */
export function toModern (method: string, reply: Reply, { era, serverInfo, mayMakeTask = false }: ReplyingServer): Reply {
  if (reply.error !== undefined) return { error: era === 'legacy' ? modernError(reply.error) : ownHopError(reply.error) }
  if (!isJsonObject(reply.result)) return reply
  const { resultType = 'complete' } = era === 'legacy' ? NOTHING : reply.result
  // A kind that nobody asked for is no answer (MCP 2026-07-28 base protocol).
  if (resultType !== 'complete' && resultType !== 'input_required' && !(mayMakeTask && resultType === 'task')) return errorReply('GW_UPSTREAM_PROTOCOL')
  const { _meta: meta } = reply.result
  const lacksInfo = serverInfo !== undefined && (!isJsonObject(meta) || meta[META.serverInfo] === undefined)
  const ttlMs = resultType === 'complete' ? CACHEABLE.get(method) : undefined
  if (!lacksInfo && ttlMs === undefined && reply.result['resultType'] === resultType) return reply
  const result = withMember(reply.result, 'resultType', resultType)
  if (ttlMs !== undefined) addHints(result, ttlMs)
  if (lacksInfo) result['_meta'] = isJsonObject(meta) ? withMember(meta, META.serverInfo, serverInfo) : metaOf(serverInfo)
  return { result }
}

/** `_meta` of results that have none of their own, by server. */
const metas = new WeakMap<object, JsonObject>()

/** Every answer of a server has the same one; nobody changes it. */
function metaOf (serverInfo: unknown): JsonObject {
  if (!isJsonObject(serverInfo)) return { [META.serverInfo]: serverInfo }
  let meta = metas.get(serverInfo)
  if (meta === undefined) metas.set(serverInfo, meta = Object.freeze({ [META.serverInfo]: serverInfo }))
  return meta
}

function addHints (result: JsonObject, defaultMs: number): void {
  const { ttlMs } = result
  // Whole numbers, or clients refuse the result as a whole.
  result['ttlMs'] = typeof ttlMs === 'number' && ttlMs >= 0 ? Math.min(Math.floor(ttlMs), MAX_TTL_MS) : defaultMs
  result['cacheScope'] = 'private'
}

/** Disagreement over headers or versions was about the gateway's own hop: the client has nothing to mend. -32021 is the client's to read. */
function ownHopError (error: JsonRpcErrorBody): JsonRpcErrorBody {
  const isOfHop = error.code === ERRORS.GW_PROTOCOL_HEADERS.rpcCode || error.code === ERRORS.GW_PROTOCOL_UNSUPPORTED.rpcCode
  return isOfHop ? toJsonRpcError(new GatewayError('GW_UPSTREAM_PROTOCOL')) : error
}

/** Numbers that mean something else, or nothing, in the modern era. */
function modernError (error: JsonRpcErrorBody): JsonRpcErrorBody {
  if (error.code === -32002) return { ...error, code: -32602 }
  const isReserved = error.code <= -32020 && error.code >= -32099
  return isReserved || error.code === -32000 || error.code === -32001 ? { ...error, code: -32603 } : error
}
