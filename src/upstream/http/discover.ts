import { ERRORS, type GatewayError } from '../../shared/errors.ts'
import { isJsonObject, withModernMeta, type JsonObject, type JsonRpcErrorBody } from '../../protocol/index.ts'
import { initializeResultOf, isDiscoverResult, namesServedRevision } from '../discover-result.ts'
import { askOnce, type Answer, type OneAsk } from './ask-once.ts'
import type { Hop } from './hop.ts'
import { modernBase, modernHead } from './modern-head.ts'

/** What server/discover came to. */
export type Discovery =
  | { readonly kind: 'found', readonly initializeResult: JsonObject }
  /** Not this era, or nobody can tell; `isSure` = as servers answer that lack it (MCP 2026-07-28 versioning). */
  | { readonly kind: 'lacks', readonly isSure: boolean, readonly reason: string }
  | { readonly kind: 'failed', readonly error: GatewayError }

const UNSUPPORTED_VERSION = ERRORS.GW_PROTOCOL_UNSUPPORTED.rpcCode
const METHOD_NOT_FOUND = -32601
/** Codes of the specification's own block: only a server that knows it writes them. */
const MODERN_CODES: readonly number[] = [-32020, -32021, UNSUPPORTED_VERSION]

/** `server/discover`: is the server a modern one, and what does it offer? Never rejects. */
export async function discover (hop: Hop, capabilities: JsonObject, timeoutMs: number, signal?: AbortSignal): Promise<Discovery> {
  const answer = await ask(hop, capabilities, timeoutMs, signal)
  const supported = supportedBy(errorOf(answer))
  if (supported === undefined) return discoveryOf(answer, hop)
  // Ours is among them, so this was not about the version; a second answer settles it.
  if (namesServedRevision(supported)) return discoveryOf(await ask(hop, capabilities, timeoutMs, signal), hop)
  return { kind: 'lacks', isSure: true, reason: 'speaks other revisions' }
}

/** The request itself. */
export function discoverAsk (hop: Hop, capabilities: JsonObject): Pick<OneAsk, 'method' | 'params' | 'head'> {
  const method = 'server/discover'
  const params = withModernMeta(undefined, { capabilities, clientInfo: hop.clientInfo })
  return { method, params, head: modernHead(modernBase(hop), method, params, undefined) }
}

async function ask (hop: Hop, capabilities: JsonObject, timeoutMs: number, signal: AbortSignal | undefined): Promise<Answer> {
  return await askOnce(hop, { ...discoverAsk(hop, capabilities), timeoutMs, signal })
}

function errorOf (answer: Answer): JsonRpcErrorBody | undefined {
  if (answer.kind === 'refused') return answer.error
  return answer.kind === 'reply' ? answer.reply.error : undefined
}

/** The revisions of an error -32022; undefined = it is another error, or does not say. */
function supportedBy (error: JsonRpcErrorBody | undefined): readonly unknown[] | undefined {
  const supported = error?.code === UNSUPPORTED_VERSION && isJsonObject(error.data) ? error.data['supported'] : undefined
  return Array.isArray(supported) ? supported : undefined
}

function discoveryOf (answer: Answer, hop: Hop): Discovery {
  switch (answer.kind) {
    case 'failed': return answer
    case 'foreign': return { kind: 'lacks', isSure: false, reason: answer.reason }
    case 'refused': return { kind: 'lacks', isSure: answer.error === undefined || !MODERN_CODES.includes(answer.error.code), reason: `server/discover was refused with status ${answer.status}` }
    case 'reply': return answer.reply.error === undefined ? resultOf(answer.reply.result, hop) : { kind: 'lacks', isSure: answer.reply.error.code === METHOD_NOT_FOUND, reason: `server/discover failed: ${answer.reply.error.code}` }
  }
}

function resultOf (result: unknown, hop: Hop): Discovery {
  if (isDiscoverResult(result)) return { kind: 'found', initializeResult: initializeResultOf(result, hop.server.name) }
  const isSure = isJsonObject(result) && Array.isArray(result['supportedVersions'])
  return { kind: 'lacks', isSure, reason: isSure ? 'speaks other revisions' : 'server/discover was answered without a DiscoverResult' }
}
