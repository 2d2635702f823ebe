import { isJsonObject, type Reply } from '../../protocol/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { GatewayContext } from '../context.ts'
import type { FeatureUse, UseTarget } from '../use.ts'

/** JSON-RPC 2.0 5.1; what servers answer for tools that they do not have (MCP tools). */
const UNKNOWN = new Set([-32601, -32602])

/**
 * Is this what a server says of a tool that it does not have? Each has its own words for that, and whoever compares them with those
 * for a hidden tool would learn what is only hidden: so both get the same (T25). A tool that is not listed and works is left alone.
 *
 * What counts is the last list that this connection gave, even if the server has announced a change since, as servers do right after
 * their start: the list is read again before a call of a tool that is not in it. What the caller was shown meanwhile counts too.
 */
export function isOfUnlistedTool (context: GatewayContext, principal: Principal, { method, name, server }: FeatureUse, { relay: { tools } }: UseTarget, { error, result }: Reply): boolean {
  const isRefused = error === undefined ? isJsonObject(result) && result['isError'] === true : UNKNOWN.has(error.code)
  if (!isRefused || method !== 'tools/call' || tools.listed?.isWhole !== true || tools.listed.byName.has(name)) return false
  return context.lists.known.tools(server, principal)?.byName.has(name) !== true
}
