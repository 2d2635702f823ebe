import { isJsonObject, withMember } from '../protocol/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import type { ServerName } from '../shared/ids.ts'
import { aggregateName, ownerOf } from './aggregate-name.ts'
import { rewriteMeta, withAggregateUri } from './rewrite-meta.ts'

/** Member of a list result that holds the items. */
export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

/** The member that identifies an item of a list. */
const identity = { tools: 'name', prompts: 'name', resources: 'uri', resourceTemplates: 'uriTemplate' } as const

/** Name, URI or template by which an item of a list is used; undefined = it has none, so nothing can be done with it. */
export function identityOf (kind: ListKind, item: unknown): string | undefined {
  if (!isJsonObject(item)) return undefined
  const id = item[identity[kind]]
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** Items with a usable identity, in the server's order; of several with the same one, the first. */
function wellFormed (kind: ListKind, items: readonly unknown[]): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>()
  for (const item of items) {
    const id = identityOf(kind, item)
    if (id !== undefined && !found.has(id)) found.set(id, item as JsonObject)
  }
  return found
}

/**
 * Is a tool only for the server's own app? An aggregate cannot keep one server's app from another's tools, so such tools
 * stay out of it (MCP Apps `visibility`).
 */
export function isAppOnly (tool: unknown): boolean {
  const meta = isJsonObject(tool) ? tool['_meta'] : undefined
  const ui = isJsonObject(meta) ? meta['ui'] : undefined
  const visibility = isJsonObject(ui) ? ui['visibility'] : undefined
  return Array.isArray(visibility) && visibility.length > 0 && visibility.every((who) => who === 'app')
}

/** Tools or prompts of one server under their aggregate names; of two that come to the same name, its owner. */
function renamed (server: ServerName, items: Iterable<[string, JsonObject]>): JsonObject[] {
  const owners = new Map<string, { readonly name: string, readonly item: JsonObject }>()
  for (const [name, item] of items) {
    const aggregate = aggregateName(server, name)
    const rival = owners.get(aggregate)
    if (rival === undefined || ownerOf(server, rival.name, name, aggregate) === name) owners.set(aggregate, { name, item })
  }
  return [...owners].map(([aggregate, { item }]) => withMember(item, 'name', aggregate))
}

function renamedItems (kind: ListKind, server: ServerName, found: ReadonlyMap<string, JsonObject>): JsonObject[] {
  switch (kind) {
    case 'tools': return renamed(server, [...found].filter(([, tool]) => !isAppOnly(tool)))
    case 'prompts': return renamed(server, found)
    case 'resources':
    case 'resourceTemplates': return [...found.values()].map((item) => withAggregateUri(server, item, identity[kind]))
  }
}

/**
 * One server's list as the aggregate shows it: under aggregate names and URIs, in the server's own order (MCP asks for a
 * deterministic one), without tools that are only for its own app. Items that are no objects or have no identity are left
 * out. The server's objects are not changed; what is not rewritten goes on by reference.
 */
export function aggregateItems (kind: ListKind, server: ServerName, items: readonly unknown[]): JsonObject[] {
  return renamedItems(kind, server, wellFormed(kind, items)).map((item) => rewriteMeta(server, item))
}
