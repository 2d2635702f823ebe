import type { Cache, TopicKind } from '../../cache/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { Place } from '../../upstream/index.ts'
import { openGroup, topicsOf } from './groups.ts'

const LIST_CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/

/** What a server's word is about; undefined = nothing that is kept. An updated resource may be a part of others, so it counts for all. */
export function kindOfNews (method: string): Exclude<TopicKind, 'results'> | undefined {
  if (method === 'notifications/resources/updated') return 'reads'
  return LIST_CHANGED.exec(method)?.[1] as 'tools' | 'prompts' | 'resources' | undefined
}

/** A server said that something of its has changed: forgotten here and on the other replicas. */
export function forgetNews (cache: Cache, place: Place, server: ServerSettings, tenant: string, method: string): void {
  const kind = kindOfNews(method)
  if (kind === undefined) return
  for (const topic of topicsOf({ own: place.key, open: openGroup(server, tenant) }, kind)) cache.forget(topic)
}
