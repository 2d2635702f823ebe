import { isJsonObject } from './classify.ts'
import type { Inbound, InboundNotification, InboundRequest } from './inbound.ts'
import { META } from './meta.ts'
import type { RequestHeaders } from './modern-request.ts'
import { readModernMeta } from './modern-meta.ts'
import { FIRST_MODERN, isModernVersion } from './revisions.ts'

/** The version that a message's `_meta` claims, whatever its type; undefined = it claims none. */
export function claimedVersion ({ params }: InboundRequest | InboundNotification): unknown {
  const meta = params?.['_meta']
  return isJsonObject(meta) ? meta[META.protocolVersion] : undefined
}

/**
 * Does a message say by itself that it is modern? The body decides, not a header (MCP 2026-07-28 versioning, backward
 * compatibility; T35). `server/discover` and `subscriptions/listen` exist in no other era. `initialize` opens a legacy
 * session unless everything a modern request says about itself is there and in order.
 */
export function claimsModern (message: InboundRequest | InboundNotification): boolean {
  const version = claimedVersion(message)
  if (message.method === 'initialize') return typeof version === 'string' && version >= FIRST_MODERN && readModernMeta(message.params).ok
  return version !== undefined || message.method === 'server/discover' || message.method === 'subscriptions/listen'
}

/** Do the headers say that a message is modern? Then it has to be: an intermediary may have believed them (T35). */
export function namesModern (headers: RequestHeaders): boolean {
  const version = headers['mcp-protocol-version']
  return typeof version === 'string' && version >= FIRST_MODERN && isModernVersion(version)
}

/** Is a message to be read by the rules of the modern era? */
export function isModern (message: Inbound, headers: RequestHeaders): boolean {
  return ((message.kind === 'request' || message.kind === 'notification') && claimsModern(message)) || namesModern(headers)
}
