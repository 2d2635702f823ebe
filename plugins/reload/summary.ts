import type { ServerName } from '../../src/shared/ids.ts'
import type { Settings } from '../../src/shared/settings.ts'

/** What a reload has changed, for the log: names of servers and tenants, and ids of keys, never a value. */
export interface ReloadSummary {
  readonly servers_added: readonly string[]
  readonly servers_removed: readonly string[]
  readonly servers_changed: readonly string[]
  readonly keys_removed: readonly string[]
}

/** Compares two snapshots. */
export function summaryOf (before: Settings, now: Settings): ReloadSummary {
  const missing = (from: Settings, to: Settings): ServerName[] => [...from.servers.keys()].filter((name) => !to.servers.has(name))
  return {
    servers_added: missing(now, before),
    servers_removed: missing(before, now),
    servers_changed: [...now.servers.values()].filter(({ name, entryHash }) => before.servers.has(name) && before.servers.get(name)?.entryHash !== entryHash).map(({ name }) => name),
    keys_removed: removedKeys(before, now)
  }
}

/**
 * Ids of API keys that no longer are what they were: gone, another secret, or another owner. What was opened with them ends
 * (FR44: deletion is immediate). A changed limit or scope is none: it holds for the next request.
 */
export function removedKeys (before: Settings, now: Settings): string[] {
  const kept = new Map(now.auth.apiKeys.map((key) => [key.id, key]))
  return before.auth.apiKeys.filter(({ id, sha256, tenant, user }) => {
    const same = kept.get(id)
    return same === undefined || same.sha256 !== sha256 || same.tenant !== tenant || same.user !== user
  }).map(({ id }) => id)
}
