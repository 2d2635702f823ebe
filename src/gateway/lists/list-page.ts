import { aggregateItems, identityOf } from '../../routing/index.ts'
import type { JsonObject } from '../../protocol/index.ts'
import type { ServerName } from '../../shared/ids.ts'
import { markOf } from './cursor.ts'
import type { ListMethod } from './list-method.ts'

/** What a page of the aggregate holds at most; one item is always given, however long it is. */
const MAX_PAGE_ITEMS = 500
const MAX_PAGE_CHARS = 1_000_000

/** One server's items that a page may take from, visible ones only. */
export interface PageSource {
  readonly server: ServerName
  readonly items: readonly unknown[]
  /** There is no list of it right now: a position in it cannot be found, and is passed over. */
  readonly isMissing: boolean
}

/** Where a page ended: after this item of this server. */
export interface Position {
  readonly server: ServerName
  /** `markOf` the item's aggregate name or URI. */
  readonly after: string
}

/** One page, and where the next one begins; `next` undefined = this was the last. */
export interface ListPage { readonly items: readonly JsonObject[], readonly next: Position | undefined }

/**
 * Cuts a page out of several servers' lists, in their order. A position is an item and no number, so what was added or
 * removed meanwhile shifts nothing: every item that stays in its place is given exactly once.
 * @param sources from the position's server on
 * @returns undefined when the item at the position is gone: nobody can tell what came after it, so the client has to begin again
 */
export function cutPage (list: ListMethod, sources: readonly PageSource[], after: string | undefined): ListPage | undefined {
  const page: JsonObject[] = []
  let leftChars = MAX_PAGE_CHARS
  let last: Position | undefined
  for (const [index, { server, items, isMissing }] of sources.entries()) {
    const shown = aggregateItems(list.member, server, items)
    const start = index === 0 && after !== undefined && !isMissing ? positionAfter(list, shown, after) : 0
    if (start === undefined) return undefined
    for (const item of shown.slice(start)) {
      leftChars -= JSON.stringify(item).length
      if (last !== undefined && (leftChars < 0 || page.length >= MAX_PAGE_ITEMS)) return { items: page, next: last }
      page.push(item)
      last = { server, after: markOf(identityOf(list.member, item) ?? '') }
    }
  }
  return { items: page, next: undefined }
}

function positionAfter (list: ListMethod, shown: readonly JsonObject[], after: string): number | undefined {
  const at = shown.findIndex((item) => markOf(identityOf(list.member, item) ?? '') === after)
  return at === -1 ? undefined : at + 1
}
