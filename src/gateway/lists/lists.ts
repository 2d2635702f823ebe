import type { NameIndex } from '../../routing/index.ts'
import type { ServerSettings } from '../../shared/settings.ts'
import type { Place } from '../../upstream/index.ts'
import { KnownNames, type ListUser } from './known-names.ts'
import { ListMemory } from './list-memory.ts'
import { listsOfCapability } from './list-method.ts'

/** What is remembered of servers' lists, one per gateway. */
export interface Lists {
  readonly memory: ListMemory
  readonly known: KnownNames
  /**
   * A worker says that a list has changed.
   * @param method `notifications/tools/list_changed` and its siblings; others are ignored
   */
  changed (place: Place, server: ServerSettings, who: ListUser, method: string): void
}

const CHANGED = /^notifications\/([a-z]+)\/list_changed$/

/** Remembers nothing yet. @param nowMs monotonic */
export function createLists (names: NameIndex, nowMs: () => number): Lists {
  const memory = new ListMemory(nowMs)
  const known = new KnownNames(names, nowMs)
  return {
    memory,
    known,
    changed (place, server, who, method) {
      const capability = CHANGED.exec(method)?.[1]
      if (capability === undefined) return
      memory.changed(place, capability)
      for (const list of listsOfCapability(capability)) known.changed(server, who, list)
    }
  }
}
