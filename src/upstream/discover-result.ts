import { isJsonObject, META, MODERN_REVISIONS, type JsonObject } from '../protocol/index.ts'
import type { ServerName } from '../shared/ids.ts'

/** Does a server that names these versions speak a modern revision that is served here? */
export function namesServedRevision (versions: unknown): boolean {
  return Array.isArray(versions) && MODERN_REVISIONS.some((revision) => versions.includes(revision))
}

/** A DiscoverResult of a server that can be spoken to (MCP 2026-07-28 server/discover). */
export function isDiscoverResult (result: unknown): result is JsonObject {
  return isJsonObject(result) && namesServedRevision(result['supportedVersions'])
}

/** A DiscoverResult in the form of an InitializeResult, as {@link Connection.initializeResult} has it. A nameless server is called as its entry is. */
export function initializeResultOf (discovered: JsonObject, server: ServerName): JsonObject {
  const { capabilities, instructions, _meta: meta } = discovered
  const serverInfo = isJsonObject(meta) ? meta[META.serverInfo] : undefined
  return {
    protocolVersion: MODERN_REVISIONS[0],
    capabilities: isJsonObject(capabilities) ? capabilities : {},
    serverInfo: isJsonObject(serverInfo) ? serverInfo : { name: server, version: '' },
    ...(typeof instructions === 'string' ? { instructions } : undefined)
  }
}
