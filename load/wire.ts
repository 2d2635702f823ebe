/** The revision that sessions are opened with (MCP 2025-11-25). */
export const SESSION_REVISION = '2025-11-25'
/** The revision in which each request stands alone (MCP 2026-07-28). */
const MODERN_REVISION = '2026-07-28'
/** Both media types, as the transports page asks of clients. */
const ACCEPT = 'application/json, text/event-stream'

/** Headers of a request of the session era. */
export function legacyHeaders (sessionId?: string): Record<string, string> {
  const common = { accept: ACCEPT, 'content-type': 'application/json' }
  return sessionId === undefined ? common : { ...common, 'mcp-session-id': sessionId, 'mcp-protocol-version': SESSION_REVISION }
}

/** Headers that a modern request repeats of its body (MCP 2026-07-28, transports). */
export function modernHeaders (method: string, name: string): Record<string, string> {
  return { accept: ACCEPT, 'content-type': 'application/json', 'mcp-protocol-version': MODERN_REVISION, 'mcp-method': method, 'mcp-name': name }
}

/** `params` with what every modern request says about its client. */
export function modernParams (params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const prefix = 'io.modelcontextprotocol/'
  return { ...params, _meta: { [`${prefix}protocolVersion`]: MODERN_REVISION, [`${prefix}clientCapabilities`]: {}, [`${prefix}clientInfo`]: { name: 'drawbridge-load', version: '1.0.0' } } }
}
