import { isJsonObject } from './classify.ts'
import type { JsonObject } from './message.ts'
import { META } from './meta.ts'
import { rawMembers, withMember, withoutMembers } from './raw-members.ts'
import { FIRST_MODERN } from './revisions.ts'

/**
 * Members of `params._meta` that two neighbours say to each other, and that mean nothing, or something else, on the next
 * hop. Trace context, the tie to a task and whatever MCP does not know travel on.
 */
const HOP: ReadonlySet<string> = new Set([
  'progressToken', META.protocolVersion, META.clientCapabilities, META.clientInfo, META.serverInfo, META.logLevel, META.subscriptionId
])

const HOP_MEMBERS = ['_meta']

/** What the next hop is told in `_meta` (MCP 2026-07-28 base protocol). */
export interface HopMeta {
  /** What the client can be asked during this request, as far as the gateway lets it be. */
  readonly capabilities: JsonObject
  /** Who calls: the gateway itself. */
  readonly clientInfo: JsonObject
  /** Least severe log line wanted. Absent = none. */
  readonly logLevel?: string | undefined
  /** Token of the gateway's own for progress. Absent = none is wanted. */
  readonly progressToken?: string | number | undefined
}

function holdsHopMember (meta: JsonObject): boolean {
  for (const key in meta) if (HOP.has(key)) return true
  return false
}

/** Copies what travels on; undefined = nothing does. A `__proto__` member is left behind: copying it would set one (T36). */
function foreignMembers (meta: JsonObject, into: JsonObject | undefined): JsonObject | undefined {
  let foreign = into
  for (const key in meta) {
    if (HOP.has(key) || key === '__proto__') continue
    foreign ??= {}
    foreign[key] = meta[key]
  }
  return foreign
}

/**
 * Params without what their sender said to this hop alone. The same object when there is nothing to take off; arguments and
 * everything else besides `_meta` go on by reference.
 */
export function withoutHopMeta (params: JsonObject | undefined): JsonObject | undefined {
  const meta = params?.['_meta']
  if (!isJsonObject(meta) || !holdsHopMember(meta)) return params
  const foreign = foreignMembers(meta, undefined)
  if (foreign !== undefined) return withMember(params, '_meta', foreign)
  return withoutMeta(params as JsonObject)
}

/** Calls of tools say what they say in two members; the engine is slow at leaving one out of any object. */
function withoutMeta (params: JsonObject): JsonObject {
  if (rawMembers(params).length > 0) return withoutMembers(params, HOP_MEMBERS)
  const { name, arguments: args } = params
  if (name !== undefined && args !== undefined && Object.keys(params).length === 3) return { name, arguments: args }
  const { _meta: _hop, ...others } = params
  return others
}

/**
 * Params for a modern server: what a modern request has to say about itself, in place of what the client said to us
 * (MCP 2026-07-28 base protocol, `_meta`). Everything besides `_meta` goes on by reference.
 */
export function withModernMeta (params: JsonObject | undefined, { capabilities, clientInfo, logLevel, progressToken }: HopMeta): JsonObject {
  // Assigned, for the reason given at withMember.
  const meta: JsonObject = {}
  meta[META.protocolVersion] = FIRST_MODERN
  meta[META.clientInfo] = clientInfo
  meta[META.clientCapabilities] = capabilities
  if (logLevel !== undefined) meta[META.logLevel] = logLevel
  if (progressToken !== undefined) meta['progressToken'] = progressToken
  const before = params?.['_meta']
  if (isJsonObject(before)) foreignMembers(before, meta)
  return withMember(params, '_meta', meta)
}
