import { isJsonObject, rawMember, withMember } from '../protocol/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import { mapChanged, rewriteMeta, withAggregateUri } from './rewrite-meta.ts'

/** The object with its array member mapped, or the same object when nothing in it changed. */
function withMapped (object: JsonObject, key: string, change: (item: unknown) => unknown): JsonObject {
  const items = object[key]
  if (!Array.isArray(items)) return object
  const mapped = mapChanged(items, change)
  return mapped === items ? object : withMember(object, key, mapped)
}

/** A content block: a link's own URI, or that of an embedded resource. Other kinds, known or not, are left alone. */
function rewriteBlock (server: string, block: unknown): unknown {
  if (!isJsonObject(block)) return block
  if (block['type'] === 'resource_link') return rewriteMeta(server, withAggregateUri(server, block, 'uri'))
  const resource = block['resource']
  if (block['type'] !== 'resource' || !isJsonObject(resource)) return block
  return rewriteMeta(server, withMember(block, 'resource', rewriteContents(server, resource)))
}

function rewriteContents (server: string, contents: unknown): unknown {
  return isJsonObject(contents) ? rewriteMeta(server, withAggregateUri(server, contents, 'uri')) : contents
}

/** A prompt message has one content block; some servers send several. */
function rewriteMessage (server: string, message: unknown): unknown {
  if (!isJsonObject(message)) return message
  const content = message['content']
  if (Array.isArray(content)) return withMapped(message, 'content', (block) => rewriteBlock(server, block))
  const rewritten = rewriteBlock(server, content)
  return rewritten === content ? message : withMember(message, 'content', rewritten)
}

/** Large content that is bytes yet need not be parsed for links when it holds no spelling of their `type`. */
function mayHoldLinks (result: JsonObject): boolean {
  const bytes = rawMember(result, 'content')
  return bytes === undefined || bytes.includes('resource') || bytes.includes('\\u')
}

/**
 * A server's result as the aggregate shows it: resource links and embedded resources of tools/call and prompts/get,
 * `contents` of resources/read, and links to UI resources in `_meta` carry aggregate URIs (rulings 5), and so do the
 * params of `notifications/resources/updated`. The server's objects are not changed; whatever needs no rewriting comes
 * back by reference, in most cases the result itself.
 */
export function rewriteResult (server: string, method: string, result: unknown): unknown {
  if (!isJsonObject(result)) return result
  switch (method) {
    case 'tools/call': return rewriteMeta(server, mayHoldLinks(result) ? withMapped(result, 'content', (block) => rewriteBlock(server, block)) : result)
    case 'prompts/get': return rewriteMeta(server, withMapped(result, 'messages', (message) => rewriteMessage(server, message)))
    case 'resources/read': return rewriteMeta(server, withMapped(result, 'contents', (contents) => rewriteContents(server, contents)))
    case 'notifications/resources/updated': return withAggregateUri(server, result, 'uri')
    default: return rewriteMeta(server, result)
  }
}
