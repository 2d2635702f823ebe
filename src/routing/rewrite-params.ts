import { isJsonObject, withMember } from '../protocol/index.ts'
import type { JsonObject } from '../protocol/index.ts'

/** The member of `params` that names what a request is about. */
const namedBy: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'resources/subscribe': 'uri',
  'resources/unsubscribe': 'uri'
}

function rewriteRef (params: JsonObject, own: string): JsonObject {
  const ref = params['ref']
  if (!isJsonObject(ref)) return params
  if (ref['type'] === 'ref/prompt') return withMember(params, 'ref', withMember(ref, 'name', own))
  if (ref['type'] === 'ref/resource') return withMember(params, 'ref', withMember(ref, 'uri', own))
  return params
}

/**
 * Params of a request to the aggregate as the server itself must get them: with its own name or URI in place of the
 * aggregate one. A copy of the objects on the way there and of nothing else; methods that name nothing keep theirs.
 * @param own the name, URI or template that the aggregate one was resolved to
 */
export function rewriteParams (method: string, params: JsonObject | undefined, own: string): JsonObject | undefined {
  if (params === undefined) return undefined
  if (method === 'completion/complete') return rewriteRef(params, own)
  const key = Object.hasOwn(namedBy, method) ? namedBy[method] : undefined
  return key === undefined ? params : withMember(params, key, own)
}
