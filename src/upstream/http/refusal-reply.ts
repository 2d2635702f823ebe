import { errorReply, type Reply } from '../../protocol/index.ts'
import type { ExchangeEnd } from './exchange.ts'

/** A request that was answered with a status instead of a message. */
export type Refusal = Extract<ExchangeEnd, { readonly kind: 'refused' }>

/**
 * Methods that change nothing, so that a second try does no harm when nobody knows about the first (FR11). tools/call
 * never is one: what a server says about its tools is not believed.
 */
export function isRead (method: string): boolean {
  switch (method) {
    case 'tools/list':
    case 'prompts/list':
    case 'resources/list':
    case 'resources/templates/list':
    case 'resources/read':
    case 'server/discover':
    case 'ping':
      return true
    default:
      return false
  }
}

/** Error codes of JSON-RPC itself: about the request, whatever the transport. */
function isOwnCode (code: number): boolean {
  return code === -32700 || (code <= -32600 && code >= -32603)
}

/** Is the server out of order, or is there too much for it? Says nothing about what it speaks (MCP 2026-07-28 versioning). */
export function isTrouble (status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429
}

/**
 * What a call is answered whose request was refused with a status, as far as that is the same in both eras. The server's
 * headers and pages stay here (T49); an error in its own words goes on when it is about this very request. Undefined: the
 * server does not take the request for one of MCP, or not in this session or era.
 */
export function replyToRefusal (refusal: Refusal, id: number, method: string): Reply | undefined {
  const { status, error } = refusal
  if (status === 401 || status === 403) return errorReply('GW_UPSTREAM_AUTH')
  if (error !== undefined && refusal.id === id) return { error }
  // These two say that nothing was done; other failures say nothing of the kind, and only reading may be repeated blindly.
  if (status === 503 || status === 429) return errorReply('GW_UPSTREAM_UNAVAILABLE')
  if (isTrouble(status)) return errorReply(isRead(method) ? 'GW_UPSTREAM_UNAVAILABLE' : 'GW_UPSTREAM_LOST')
  if (status < 400) return errorReply('GW_UPSTREAM_PROTOCOL')
  return error !== undefined && isOwnCode(error.code) ? { error } : undefined
}
