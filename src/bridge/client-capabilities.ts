import { isJsonObject, type JsonObject } from '../protocol/index.ts'
import type { ServerSettings } from '../shared/settings.ts'

const UI_EXTENSION = 'io.modelcontextprotocol/ui'

/**
 * What is declared to a server on behalf of a client: only what the client has, only what can be bridged, and nothing
 * that the worker key does not distinguish (rulings 1). Workers that several users share are given none.
 */
export function capabilitiesFor (server: ServerSettings, client: JsonObject): JsonObject {
  if (server.isolation === 'shared' || server.isolation === 'tenant') return {}
  const source = server.capabilities === 'client' ? client : server.capabilities.fixed
  const declared: JsonObject = {}
  if (isJsonObject(source['sampling'])) declared['sampling'] = isJsonObject(source['sampling']['tools']) ? { tools: {} } : {}
  if (isJsonObject(source['elicitation'])) declared['elicitation'] = elicitationModes(source['elicitation'])
  if (isJsonObject(source['roots']) && server.roots !== 'off') declared['roots'] = { listChanged: true }
  const extensions = source['extensions']
  if (isJsonObject(extensions) && isJsonObject(extensions[UI_EXTENSION])) declared['extensions'] = { [UI_EXTENSION]: extensions[UI_EXTENSION] }
  return declared
}

/** `{}` is how clients older than 2025-11-25 write form mode, and how older servers understand it. */
function elicitationModes (declared: JsonObject): JsonObject {
  return isJsonObject(declared['url']) ? { form: {}, url: {} } : {}
}

/** May this client be sent that request? Checked again for each ask, because `capabilities: fixed` promises for others. */
export function clientUnderstands (capabilities: JsonObject, method: string, params: JsonObject | undefined): boolean {
  switch (method) {
    case 'roots/list': return isJsonObject(capabilities['roots'])
    case 'sampling/createMessage': return isJsonObject(capabilities['sampling'])
    case 'elicitation/create': return understandsElicitation(capabilities['elicitation'], params?.['mode'])
    default: return false
  }
}

function understandsElicitation (declared: unknown, mode: unknown): boolean {
  if (!isJsonObject(declared)) return false
  if (mode === 'url') return isJsonObject(declared['url'])
  return isJsonObject(declared['form']) || !isJsonObject(declared['url'])
}
