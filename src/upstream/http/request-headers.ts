import type { ServerSettings } from '../../shared/settings/server.ts'

/** What the protocol, or HTTP itself, decides: an entry cannot set it. */
const reserved = new Set([
  'accept', 'accept-encoding', 'connection', 'content-encoding', 'content-length', 'content-type', 'expect', 'host', 'keep-alive', 'last-event-id', 'mcp-method', 'mcp-name',
  'mcp-protocol-version', 'mcp-session-id', 'te', 'trailer', 'transfer-encoding', 'upgrade'
])

/**
 * Headers of every request to a server, as names and values one after the other: the entry's own, and
 * nothing of any caller (T14). Answers are wanted as they are, never packed (T48).
 */
export function baseHeaders (server: ServerSettings, version: string): string[] {
  const headers: string[] = []
  let agent: string | undefined = `drawbridge/${version}`
  for (const [name, value] of Object.entries(server.headers)) {
    const key = name.toLowerCase()
    if (reserved.has(key) || key.startsWith('mcp-param-')) continue
    if (key === 'user-agent') agent = undefined
    headers.push(key, value)
  }
  if (agent !== undefined) headers.push('user-agent', agent)
  headers.push('accept-encoding', 'identity')
  return headers
}

/** Headers of a POST: one message goes, a message or a stream of them comes (MCP transports). */
export function postHeaders (base: readonly string[], ...more: readonly string[]): string[] {
  return [...base, 'accept', 'application/json, text/event-stream', 'content-type', 'application/json', ...more]
}

/** Headers of the GET of a stream. */
export function streamHeaders (base: readonly string[], ...more: readonly string[]): string[] {
  return [...base, 'accept', 'text/event-stream', ...more]
}
