import { errorReply, isJsonObject, isKnownRevision, META, rawMember, withMember, withoutMembers, type JsonObject, type JsonRpcErrorBody, type Reply } from '../protocol/index.ts'
import type { Era } from '../shared/era.ts'
import { downConvert } from './down-convert.ts'

/**
 * A server's reply as clients of the session era read it: without what only the modern era has, and in content that their
 * revision knows. By reference where nothing has to change.
 * @param revision the client's
 */
export function toLegacy (method: string, reply: Reply, era: Era, revision: string): Reply {
  if (reply.error !== undefined) return era === 'modern' ? legacyError(method, reply.error) : reply
  if (era === 'modern' && isJsonObject(reply.result) && (reply.result['resultType'] ?? 'complete') !== 'complete') return errorReply('GW_UPSTREAM_PROTOCOL')
  const plain = era === 'modern' && isJsonObject(reply.result) ? withoutModern(method, reply.result) : reply.result
  const result = isKnownRevision(revision) ? downConvert(method, plain, revision) : plain
  return result === reply.result ? reply : { result }
}

const MODERN_MEMBERS = ['resultType', 'ttlMs', 'cacheScope', '_meta']

/** v1 SDKs refuse unknown members of an empty result, and structured content that is no object. */
function withoutModern (method: string, result: JsonObject): JsonObject {
  const { _meta: meta } = result
  const others = withoutMembers(result, MODERN_MEMBERS)
  const kept = isJsonObject(meta) ? withoutServerInfo(meta) : meta
  const plain = kept === undefined ? others : withMember(others, '_meta', kept)
  if (method === 'tools/call') return withObjectContent(plain)
  return method === 'tools/list' ? withObjectSchemas(plain) : plain
}

function withoutServerInfo (meta: JsonObject): JsonObject | undefined {
  const { [META.serverInfo]: _info, ...others } = meta
  return Object.keys(others).length === 0 ? undefined : others
}

function withObjectContent (result: JsonObject): JsonObject {
  // Bytes are those of an object.
  if (rawMember(result, 'structuredContent') !== undefined) return result
  const { structuredContent } = result
  if (structuredContent === undefined || isJsonObject(structuredContent)) return result
  const { structuredContent: _structured, ...others } = result
  const content = Array.isArray(others['content']) ? others['content'] : []
  return { ...others, content: content.length > 0 ? content : [{ type: 'text', text: JSON.stringify(structuredContent) }] }
}

/** A tool whose output is no object is listed without saying so: the session era has a form for objects only. */
function withObjectSchemas (result: JsonObject): JsonObject {
  const { tools } = result
  if (!Array.isArray(tools)) return result
  return {
    ...result,
    tools: tools.map((tool: unknown) => {
      if (!isJsonObject(tool) || !isJsonObject(tool['outputSchema']) || tool['outputSchema']['type'] === 'object') return tool
      const { outputSchema: _schema, ...others } = tool
      return others
    })
  }
}

/** Errors about the gateway's own hop mean nothing to the client: a tool's becomes a result that models read. */
function legacyError (method: string, error: JsonRpcErrorBody): Reply {
  const isOfHop = error.code <= -32020 && error.code >= -32099
  if (isOfHop && method === 'tools/call') return { result: { content: [{ type: 'text', text: hopText(error) }], isError: true } }
  if (isOfHop) return { error: { code: -32603, message: hopText(error) } }
  const isMissing = method === 'resources/read' && error.code === -32602 && isJsonObject(error.data) && typeof error.data['uri'] === 'string'
  return { error: isMissing ? { ...error, code: -32002 } : error }
}

function hopText ({ code, data }: JsonRpcErrorBody): string {
  const needed = code === -32021 && isJsonObject(data) && isJsonObject(data['requiredCapabilities']) ? Object.keys(data['requiredCapabilities']).join(', ') : ''
  return needed === '' ? 'The server refused the request for a reason that only its own protocol revision has.' : `The server needs client capabilities that this client does not declare: ${needed}.`
}
