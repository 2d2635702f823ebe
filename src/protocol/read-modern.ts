import { GatewayError } from '../shared/errors.ts'
import { refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import { decodeHeaderValue, withoutPadding } from './header-value.ts'
import type { InboundNotification, InboundRequest } from './inbound.ts'
import type { JsonObject } from './message.ts'
import { mirroredName } from './mirrored-name.ts'
import { claimedVersion, claimsModern } from './modern-claim.ts'
import { metaRefusal, readModernMeta } from './modern-meta.ts'
import type { ModernMeta, RequestHeaders } from './modern-request.ts'
import { MODERN_REVISIONS } from './revisions.ts'

/** Methods of the legacy era that the modern one has taken away (MCP 2026-07-28 changelog). */
const REMOVED: ReadonlySet<string> = new Set(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])

/** Most characters of a version that are given back to whoever asked for it. */
const MAX_VERSION_ECHO = 64

function headerRefusal (fault: string): GatewayError {
  return new GatewayError('GW_PROTOCOL_HEADERS', { reason: fault, publicMessage: `Header mismatch: ${fault}.` })
}

function unsupported (version: string): GatewayError {
  return new GatewayError('GW_PROTOCOL_UNSUPPORTED', { data: { supported: MODERN_REVISIONS, requested: version.slice(0, MAX_VERSION_ECHO) } })
}

/** Is a header there and says something else than the body? Letter case counts; white space around it does not. */
function contradicts (header: string | string[] | undefined, value: string): boolean {
  if (header === undefined || header === value) return false
  return typeof header !== 'string' || withoutPadding(header) !== value
}

/** What is wrong with the Mcp-Name header. A value that the body lacks is left to whoever reads the params. */
function nameFault (header: string | string[] | undefined, name: string | undefined): string | undefined {
  if (header === undefined) return name === undefined ? undefined : 'Mcp-Name is missing'
  const decoded = typeof header === 'string' ? decodeHeaderValue(header) : undefined
  if (decoded === undefined) return 'Mcp-Name cannot be decoded'
  return name === undefined || name === decoded ? undefined : 'Mcp-Name does not match the body'
}

/** What is wrong with the headers of a message that says it is of `version`: what they say first, then what they lack. */
function headerFault (method: string, params: JsonObject | undefined, version: string, headers: RequestHeaders): GatewayError | undefined {
  const { 'mcp-protocol-version': versionHeader, 'mcp-method': methodHeader } = headers
  if (contradicts(versionHeader, version)) return headerRefusal('MCP-Protocol-Version does not match the body')
  if (contradicts(methodHeader, method)) return headerRefusal('Mcp-Method does not match the body')
  if (!MODERN_REVISIONS.includes(version)) return unsupported(version)
  if (versionHeader === undefined) return headerRefusal('MCP-Protocol-Version is missing')
  if (methodHeader === undefined) return headerRefusal('Mcp-Method is missing')
  const name = nameFault(headers['mcp-name'], mirroredName(method, params))
  return name === undefined ? undefined : headerRefusal(name)
}

/**
 * Reads and checks a request of the modern era: `_meta` first, then the headers against the body, the version, and at last
 * whether the method still exists; the order is that of the official SDK (MCP 2026-07-28 transports, server validation; T35).
 * Refusals: GW_PROTOCOL_META, GW_PROTOCOL_HEADERS, GW_PROTOCOL_UNSUPPORTED, GW_PROTOCOL_METHOD. The `Mcp-Param-*` headers are
 * left to {@link disagreeingParam}, because only the tool's own schema tells them.
 */
export function readModern (request: InboundRequest, headers: RequestHeaders): Result<ModernMeta, GatewayError> {
  const { method, params } = request
  if (method === 'initialize' && !claimsModern(request)) return refuse(headerRefusal('MCP-Protocol-Version names a revision without initialize'))
  const read = readModernMeta(params)
  if (!read.ok) return read
  const fault = headerFault(method, params, read.value.protocolVersion, headers)
  if (fault !== undefined) return refuse(fault)
  return REMOVED.has(method) ? refuse(new GatewayError('GW_PROTOCOL_METHOD')) : read
}

/**
 * Why a notification of the modern era is not accepted; undefined = it is. Headers may be left out but not contradict the
 * body: the revision defines none for notifications (MCP 2026-07-28 transports, sending messages).
 */
export function modernNotificationRefusal (message: InboundNotification, headers: RequestHeaders): GatewayError | undefined {
  const { 'mcp-protocol-version': versionHeader, 'mcp-method': methodHeader } = headers
  const version = claimedVersion(message) ?? versionHeader
  if (typeof version !== 'string') return metaRefusal('the protocol version must be a string')
  if (contradicts(versionHeader, version)) return headerRefusal('MCP-Protocol-Version does not match the body')
  if (contradicts(methodHeader, message.method)) return headerRefusal('Mcp-Method does not match the body')
  return MODERN_REVISIONS.includes(version) ? undefined : unsupported(version)
}
