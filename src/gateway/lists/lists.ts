import { Flights, type Cache } from '../../cache/index.ts'
import type { NameIndex } from '../../routing/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import { kindOfNews } from '../reuse/forget.ts'
import type { ToolBook } from '../arguments/tool-book.ts'
import { KnownNames, type ListUser } from './known-names.ts'
import { ListMemory } from './list-memory.ts'
import { listsOfCapability } from './list-method.ts'
import type { PageAnswer } from './own-page.ts'

/** What is remembered of servers' lists, one per gateway. */
export interface Lists {
  readonly memory: ListMemory
  /** Pages that are being read right now, at servers' own endpoints. */
  readonly pages: Flights<PageAnswer>
  readonly known: KnownNames
  /**
   * A worker says that a list has changed; the cache is told apart.
   * @param method `notifications/tools/list_changed` and its siblings; others are ignored
   */
  changed (server: ServerSettings, who: ListUser, method: string): void
}

/** Remembers nothing yet. @param nowMs monotonic */
export function createLists (names: NameIndex, cache: Cache, tools: ToolBook, nowMs: () => number): Lists {
  const known = new KnownNames(names, tools, nowMs)
  return {
    memory: new ListMemory(cache, nowMs),
    pages: new Flights(cache, nowMs),
    known,
    changed (server, who, method) {
      const kind = kindOfNews(method)
      if (kind === undefined || kind === 'reads') return
      for (const list of listsOfCapability(kind)) known.changed(server, who, list)
    }
  }
}
