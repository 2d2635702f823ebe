import { canonicalText, digestOf } from '../../cache/index.ts'
import { isJsonObject, META, rawMembers, withoutMembers, type JsonObject } from '../../protocol/index.ts'

/** Members of `_meta` that are about the hop, or that the caller names in `more`, and not about the answer. */
const OF_THE_HOP: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage', META.protocolVersion, META.clientInfo, META.clientCapabilities, META.logLevel])

/** What makes a request one of its own: a task, and the answers of an earlier round (MCP 2026-07-28: such results are nobody else's). */
const UNIQUE = ['task', 'requestState', 'inputResponses'] as const

/**
 * Everything that a request says, as one short text: equal for equal requests, and for no others (T22).
 * @param more what the answer depends on besides
 * @returns undefined = the answer may depend on what is not looked at: other members of `_meta`, a wish for progress among them, or arguments so large that they stay bytes
 */
export function requestDigest (method: string, params: JsonObject | undefined, more: readonly unknown[]): string | undefined {
  if (params === undefined) return digestOf([method, '{}', ...more])
  if (UNIQUE.some((key) => params[key] !== undefined) || !isOfTheHop(params['_meta']) || rawMembers(params).length > 0) return undefined
  return digestOf([method, canonicalText(withoutMembers(params, ['_meta'])), ...more])
}

function isOfTheHop (meta: unknown): boolean {
  return meta === undefined || (isJsonObject(meta) && Object.keys(meta).every((key) => OF_THE_HOP.has(key)))
}
