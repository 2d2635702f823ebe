import { errorReply, isJsonObject, rawMember, type JsonObject, type Reply } from '../protocol/index.ts'
import { rewriteParams, rewriteResult, splitAggregateUri } from '../routing/index.ts'
import type { SessionRoute } from '../session/index.ts'
import { ok, refuse, type Result } from '../shared/result.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { FeatureKind } from '../tenancy/index.ts'
import type { FeatureUse } from './use.ts'
import type { GatewayContext } from './context.ts'
import { learnAppOnly } from './lists/learn-app-only.ts'

/** What a request names: the kind, and the member of its params that holds the name. */
interface Named { readonly kind: FeatureKind, readonly name: string }

/** Methods that use one named thing; each counts as a call (rulings 3). */
export const USES: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete'])

/** Finds the server and the name behind a request, or the JSON-RPC error that says what is wrong with it. */
export function featureOf (context: GatewayContext, principal: Principal, route: SessionRoute, method: string, params: JsonObject | undefined): Result<FeatureUse, Reply> {
  const named = namedIn(method, params)
  if (named === undefined) return refuse(errorReply('GW_PROTOCOL_PARAMS', { publicMessage: `Invalid params: ${method} needs ${EXPECTED[method] ?? 'a name'}` }))
  if (route.kind === 'server') {
    return ok({ method, kind: named.kind, server: context.server(route.server), name: named.name, params })
  }
  const found = resolveAggregate(context, principal, named)
  if (found === undefined) return refuse(errorReply(UNKNOWN[named.kind]))
  const server = context.server(found.server)
  const isAppOnly = named.kind === 'tool' ? context.lists.known.isAppOnly(server, principal, found.name) : false
  // A tool for its server's own app alone is not here (D8), as little as one that is hidden (T25).
  if (isAppOnly === true) return refuse(errorReply(UNKNOWN.tool))
  return ok({
    method,
    kind: named.kind,
    server,
    name: found.name,
    ...(isAppOnly === undefined ? { isAppOnly: (relay) => learnAppOnly(context, principal, relay, server, found.name) } : undefined),
    params: rewriteParams(method, params, found.name),
    rewrite: (result) => rewriteResult(found.server, method, result)
  })
}

/** The thing that a request names by its own member; what it is, the method says. */
export function nameIn (method: string, params: JsonObject | undefined): string | undefined {
  return namedIn(method, params)?.name
}

const EXPECTED: Readonly<Record<string, string>> = {
  'tools/call': 'a string "name" and, if any, an object "arguments"',
  'prompts/get': 'a string "name" and, if any, an object "arguments"',
  'resources/read': 'a string "uri"',
  'completion/complete': 'a "ref" of type ref/prompt or ref/resource'
}

const UNKNOWN = { tool: 'GW_ROUTE_TOOL', prompt: 'GW_ROUTE_PROMPT', resource: 'GW_ROUTE_RESOURCE' } as const

function namedIn (method: string, params: JsonObject | undefined): Named | undefined {
  switch (method) {
    case 'tools/call': return argumentsOk(params) ? stringMember('tool', params?.['name']) : undefined
    case 'prompts/get': return argumentsOk(params) ? stringMember('prompt', params?.['name']) : undefined
    case 'resources/read': return stringMember('resource', params?.['uri'])
    case 'completion/complete': return referenced(params?.['ref'])
    default: return undefined
  }
}

function argumentsOk (params: JsonObject | undefined): boolean {
  // Bytes are those of an object.
  if (params !== undefined && rawMember(params, 'arguments') !== undefined) return true
  const given = params?.['arguments']
  return given === undefined || isJsonObject(given)
}

function referenced (ref: unknown): Named | undefined {
  if (!isJsonObject(ref)) return undefined
  if (ref['type'] === 'ref/prompt') return stringMember('prompt', ref['name'])
  if (ref['type'] === 'ref/resource') return stringMember('resource', ref['uri'])
  return undefined
}

function stringMember (kind: FeatureKind, name: unknown): Named | undefined {
  return typeof name === 'string' && name !== '' ? { kind, name } : undefined
}

function resolveAggregate (context: GatewayContext, principal: Principal, named: Named): { readonly server: ServerName, readonly name: string } | undefined {
  const servers = context.policy.servers(principal)
  if (named.kind !== 'resource') return context.names.resolve(named.name, servers)
  const split = splitAggregateUri(named.name, servers)
  return split === undefined ? undefined : { server: split.server, name: split.uri }
}
