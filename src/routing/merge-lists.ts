import { isJsonObject } from '../protocol/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import type { ServerName } from '../shared/ids.ts'
import { aggregateName, ownerOf } from './aggregate-name.ts'
import { rewriteMeta, withAggregateUri, withMember } from './rewrite-meta.ts'

/** Member of a list result that holds the items. */
export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

/** What one server listed, all pages together. */
export interface ServerItems {
  readonly server: ServerName
  readonly items: readonly unknown[]
}

/** The member that identifies an item of a list. */
const identity = { tools: 'name', prompts: 'name', resources: 'uri', resourceTemplates: 'uriTemplate' } as const

/** Items with a usable identity, in the server's order; of several with the same one, the first. */
function wellFormed (items: readonly unknown[], key: string): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>()
  for (const item of items) {
    if (!isJsonObject(item)) continue
    const id = item[key]
    if (typeof id === 'string' && id !== '' && !found.has(id)) found.set(id, item)
  }
  return found
}

/**
 * Is a tool only for the server's own app? An aggregate cannot keep one server's app from another's tools, so such tools
 * stay out of it (MCP Apps `visibility`).
 */
function isAppOnly (tool: JsonObject): boolean {
  const meta = tool['_meta']
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

function aggregated (kind: ListKind, { server, items }: ServerItems): JsonObject[] {
  const found = wellFormed(items, identity[kind])
  switch (kind) {
    case 'tools': return renamed(server, [...found].filter(([, tool]) => !isAppOnly(tool)))
    case 'prompts': return renamed(server, found)
    case 'resources':
    case 'resourceTemplates': return [...found.values()].map((item) => withAggregateUri(server, item, identity[kind]))
  }
}

function byName (one: ServerItems, other: ServerItems): number {
  return one.server < other.server ? -1 : Number(one.server > other.server)
}

/**
 * One list out of several servers' lists, under aggregate names and URIs. Ordered by server name, then as each server
 * ordered it, whatever order the lists came in (MCP asks for a deterministic order). Items that are no objects or have
 * no identity are left out. The servers' objects are not changed; what is not rewritten goes on by reference.
 */
export function mergeLists (kind: ListKind, perServer: readonly ServerItems[]): JsonObject[] {
  return perServer.toSorted(byName).flatMap((list) => aggregated(kind, list).map((item) => rewriteMeta(list.server, item)))
}
