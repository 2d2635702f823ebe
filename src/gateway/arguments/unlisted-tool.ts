import { isJsonObject, type Reply } from '../../protocol/index.ts'
import type { FeatureUse, UseTarget } from '../use.ts'

/** JSON-RPC 2.0 5.1; what servers answer for tools that they do not have (MCP tools). */
const UNKNOWN = new Set([-32601, -32602])

/**
 * Is this what a server says of a tool that it does not have? Each has its own words for that, and whoever compares them with those
 * for a hidden tool would learn what is only hidden: so both get the same (T25). A tool that is not listed and works is left alone.
 */
export function isOfUnlistedTool ({ method, name }: FeatureUse, { relay: { tools } }: UseTarget, { error, result }: Reply): boolean {
  const isRefused = error === undefined ? isJsonObject(result) && result['isError'] === true : UNKNOWN.has(error.code)
  return isRefused && method === 'tools/call' && tools.isCurrent && tools.checks?.isWhole === true && !tools.checks.byName.has(name)
}
