import type { InboundRequest } from '../../../src/protocol/inbound.ts'
import { META, type JsonObject, type RequestHeaders } from '../../../src/protocol/index.ts'

/** The `_meta` of a good request; members given as undefined are left out. */
export function envelope (change: Readonly<Record<string, unknown>> = {}): JsonObject {
  const meta: JsonObject = {
    [META.protocolVersion]: '2026-07-28',
    [META.clientCapabilities]: {},
    [META.clientInfo]: { name: 'wire', version: '1' },
    ...change
  }
  for (const key of Object.keys(meta)) if (meta[key] === undefined) delete meta[key]
  return meta
}

/** A request as parseBody would classify it. */
export function asRequest (method: string, params?: JsonObject): InboundRequest {
  return { kind: 'request', id: 1, method, params }
}

/** The headers that a well-behaved client sends along. */
export function headersOf (method: string, name?: string, version = '2026-07-28'): RequestHeaders {
  return { 'mcp-protocol-version': version, 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) }
}
