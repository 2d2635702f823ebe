import type { ServerName } from '../shared/ids.ts'
import type { Settings } from '../shared/settings.ts'

/** Names as URLs may write them: the server's own, and the one of a Claude file that had to be made a slug. */
export function urlNames (settings: Settings): ReadonlyMap<string, ServerName> {
  const names = new Map<string, ServerName>()
  for (const server of settings.servers.values()) {
    if (server.originalName !== undefined) names.set(server.originalName, server.name)
  }
  for (const name of settings.servers.keys()) names.set(name, name)
  return names
}
