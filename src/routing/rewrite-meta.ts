import { isJsonObject, withMember } from '../protocol/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import { aggregateUri } from './aggregate-uri.ts'

/** The older, flat spelling of `_meta.ui.resourceUri` (MCP Apps). */
const flatResourceUri = 'ui/resourceUri'

/** The object with its string member `key` made an aggregate URI; the same object when there is none. */
export function withAggregateUri (server: string, object: JsonObject, key: string): JsonObject {
  const uri = object[key]
  return typeof uri === 'string' ? withMember(object, key, aggregateUri(server, uri)) : object
}

/**
 * Rewrites the links to UI resources in an object's `_meta` (rulings 5, MCP Apps). Copies only what changes; returns the
 * same object when nothing does.
 */
export function rewriteMeta (server: string, object: JsonObject): JsonObject {
  const before = object['_meta']
  if (!isJsonObject(before)) return object
  let meta = withAggregateUri(server, before, flatResourceUri)
  const ui = meta['ui']
  if (isJsonObject(ui)) {
    const rewritten = withAggregateUri(server, ui, 'resourceUri')
    if (rewritten !== ui) meta = withMember(meta, 'ui', rewritten)
  }
  return meta === before ? object : withMember(object, '_meta', meta)
}

/** The array with every element mapped, or the same array when no element changed. */
export function mapChanged (items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  let copy: unknown[] | undefined
  for (const [index, item] of items.entries()) {
    const changed = change(item)
    if (changed === item) continue
    copy ??= [...items]
    copy[index] = changed
  }
  return copy ?? items
}
