import { capabilitiesOf } from '../bridge/index.ts'
import { EXTENSION, hasFeature, isJsonObject, type JsonObject, type LegacyRevision } from '../protocol/index.ts'
import type { Era } from '../shared/era.ts'
import type { Connection } from '../upstream/index.ts'
import { offersTasks } from './tasks.ts'

/** What the aggregate offers in either era: whatever any server may have. */
export const AGGREGATE_OFFER: JsonObject = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {}
}

/**
 * What a client is told of a server's capabilities: all of them, but tasks only where both sides are of one era and know them.
 * @param revision a session's
 */
export function bridgedOffer (connection: Connection, era: Era, revision?: LegacyRevision): JsonObject {
  const offered = capabilitiesOf(connection)
  const knowsTasks = revision === undefined || hasFeature(revision, 'tasks')
  if (knowsTasks && offersTasks(connection, era)) return offered
  const { tasks: _tasks, extensions, ...others } = offered
  if (!isJsonObject(extensions)) return others
  const { [EXTENSION.tasks]: _extension, ...otherExtensions } = extensions
  return { ...others, extensions: otherExtensions }
}
