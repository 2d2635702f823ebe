import { EXTENSION, isJsonObject, type JsonObject } from '../protocol/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'

/** The one media type that MCP Apps defines. */
const UI_MEDIA_TYPE = 'text/html;profile=mcp-app'

/**
 * A client's capabilities as far as the gateway bridges them, in one spelling for all clients. Two clients that a worker
 * key does not tell apart declare the same to the worker they share (rulings 1), and a session keeps nothing large.
 */
export function bridgedCapabilities (client: JsonObject): JsonObject {
  const kept: JsonObject = {}
  const { sampling, elicitation, roots, extensions } = client as { readonly sampling?: unknown, readonly elicitation?: unknown, readonly roots?: unknown, readonly extensions?: unknown }
  if (isJsonObject(sampling)) kept['sampling'] = isJsonObject(sampling['tools']) ? { tools: {} } : {}
  if (isJsonObject(elicitation)) kept['elicitation'] = elicitationModes(elicitation)
  if (isJsonObject(roots)) kept['roots'] = { listChanged: true }
  if (isJsonObject(extensions) && showsApps(extensions[EXTENSION.ui])) kept['extensions'] = { [EXTENSION.ui]: { mimeTypes: [UI_MEDIA_TYPE] } }
  return kept
}

/** `{}` is how clients older than 2025-11-25 write form mode, and how older servers understand it. */
function elicitationModes (declared: JsonObject): JsonObject {
  const url = isJsonObject(declared['url'])
  const form = isJsonObject(declared['form']) || !url
  if (!url) return {}
  return form ? { form: {}, url: {} } : { url: {} }
}

function showsApps (declared: unknown): boolean {
  if (!isJsonObject(declared)) return false
  const types = declared['mimeTypes']
  return types === undefined || (Array.isArray(types) && types.includes(UI_MEDIA_TYPE))
}

/**
 * What is declared to a server on behalf of a client: only what the client has, and nothing that the worker key does not
 * distinguish (rulings 1). Workers that several users share are given none.
 * @param client as {@link bridgedCapabilities} made them
 */
export function capabilitiesFor (server: ServerSettings, client: JsonObject): JsonObject {
  if (isSharedByUsers(server)) return {}
  const source = server.capabilities === 'client' ? client : bridgedCapabilities({ ...server.capabilities.fixed })
  if (server.roots !== 'off' || source['roots'] === undefined) return source
  const { roots: _roots, ...others } = source
  return others
}

/**
 * The same for one request to a modern server, where nothing is remembered from earlier ones: there, roots have nothing to
 * declare besides themselves (MCP 2026-07-28 base protocol).
 */
export function capabilitiesOfRequest (server: ServerSettings, client: JsonObject, withTasks: boolean): JsonObject {
  const declared = { ...capabilitiesFor(server, client) }
  if (declared['roots'] !== undefined) declared['roots'] = {}
  const { extensions } = declared
  if (withTasks) declared['extensions'] = { ...(isJsonObject(extensions) ? extensions : undefined), [EXTENSION.tasks]: {} }
  return declared
}

/** Do several users share one worker of this server? Then nothing it asks or says unasked can be anybody's in particular. */
export function isSharedByUsers ({ isolation }: ServerSettings): boolean {
  return isolation === 'shared' || isolation === 'tenant'
}

/** May this client be sent that request? Checked again for each ask, because `capabilities: fixed` promises for others. */
export function clientUnderstands (capabilities: JsonObject, method: string, params: JsonObject | undefined): boolean {
  switch (method) {
    case 'roots/list': return isJsonObject(capabilities['roots'])
    case 'sampling/createMessage': return understandsSampling(capabilities['sampling'], params)
    case 'elicitation/create': return understandsElicitation(capabilities['elicitation'], params?.['mode'])
    default: return false
  }
}

/** Servers must not send tools to a client that did not declare `sampling.tools` (MCP 2025-11-25 sampling). */
function understandsSampling (declared: unknown, params: JsonObject | undefined): boolean {
  if (!isJsonObject(declared)) return false
  return isJsonObject(declared['tools']) || (params?.['tools'] === undefined && params?.['toolChoice'] === undefined)
}

function understandsElicitation (declared: unknown, mode: unknown): boolean {
  if (!isJsonObject(declared)) return false
  if (mode === 'url') return isJsonObject(declared['url'])
  return isJsonObject(declared['form']) || !isJsonObject(declared['url'])
}
