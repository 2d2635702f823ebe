/** Where clients connect, and with what. */
export interface ClientTarget {
  /** Origin, without a trailing slash. */
  readonly url: string
  readonly key: string
}

/** mcp-remote is what Claude Desktop starts to reach an HTTP server; pinned like every other package (T46). */
export const MCP_REMOTE = 'mcp-remote@0.15.1'

/** claude_desktop_config.json. The header goes through `env`, because some clients split arguments at spaces. */
export function claudeDesktopJson ({ url, key }: ClientTarget): string {
  const plainHttp = new URL(url)
  const allowHttp = plainHttp.protocol === 'http:' && !['localhost', '127.0.0.1'].includes(plainHttp.hostname)
  return pretty({
    mcpServers: {
      drawbridge: {
        command: 'npx',
        args: ['-y', MCP_REMOTE, `${url}/mcp`, '--header', 'Authorization:$' + '{DRAWBRIDGE_AUTH}', ...(allowHttp ? ['--allow-http'] : [])],
        env: { DRAWBRIDGE_AUTH: `Bearer ${key}` }
      }
    }
  })
}

/** .cursor/mcp.json */
export function cursorJson ({ url, key }: ClientTarget): string {
  return pretty({ mcpServers: { drawbridge: { url: `${url}/mcp`, headers: { Authorization: `Bearer ${key}` } } } })
}

/** .vscode/mcp.json */
export function vsCodeJson ({ url, key }: ClientTarget): string {
  return pretty({ servers: { drawbridge: { type: 'http', url: `${url}/mcp`, headers: { Authorization: `Bearer ${key}` } } } })
}

/** A plain JSON call of one tool, as one line of shell. */
export function curlToolCall ({ url, key }: ClientTarget, server: string, tool: string, args: Readonly<Record<string, unknown>>): string {
  return curl(`${url}/servers/${server}/tools`, key, { tool_name: tool, arguments: args })
}

/** The first request of an MCP client, as one line of shell; the session id is in the answer's headers. */
export function curlInitialize ({ url, key }: ClientTarget): string {
  return curl(`${url}/mcp`, key, {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'curl', version: '1' } }
  }, ['-i', "-H 'Accept: application/json, text/event-stream'"])
}

function curl (url: string, key: string, body: unknown, extra: readonly string[] = []): string {
  return ['curl -sS', ...extra, `-H 'Authorization: Bearer ${key}'`, "-H 'Content-Type: application/json'", `-d '${JSON.stringify(body)}'`, `'${url}'`].join(' ')
}

function pretty (value: unknown): string {
  return JSON.stringify(value, null, 2)
}
