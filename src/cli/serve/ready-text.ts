import type { Settings } from '../../shared/settings.ts'
import { claudeDesktopJson, curlInitialize, curlToolCall, cursorJson, vsCodeJson } from './client-texts.ts'
import type { ClientTarget } from './client-texts.ts'
import type { DevelopmentKey } from './development-key.ts'

/** What the text tells of a gateway that has just begun to listen. */
export interface ReadyParts {
  readonly settings: Settings
  /** Origin and management origin with their real ports. */
  readonly url: string
  readonly managementUrl: string
  readonly development: DevelopmentKey
  /** The quick start has server-everything, whose `echo` makes a first call. */
  readonly quickStart: boolean
}

/** Everything needed for a first call: addresses, the key, lines for a shell and for three clients. */
export function readyText (parts: ReadyParts): string {
  const { settings, development } = parts
  const target: ClientTarget = { url: clientUrl(settings, parts.url), key: development.key }
  return [
    '',
    'Drawbridge is ready.',
    '',
    `  Serves     ${target.url}/mcp  (all servers), ${target.url}/servers/<name>/mcp  (one)`,
    `  Servers    ${[...settings.servers.keys()].join(', ')}`,
    `  Metrics    ${parts.managementUrl}/metrics`,
    `  Key        ${development.key}`,
    `             for development: tenant ${development.tenant}, user ${development.user}; gone when this process ends`,
    '',
    ...firstCalls(parts, target),
    'Claude Desktop, in claude_desktop_config.json:',
    indent(claudeDesktopJson(target)),
    '',
    'Cursor, in .cursor/mcp.json:',
    indent(cursorJson(target)),
    '',
    'VS Code, in .vscode/mcp.json:',
    indent(vsCodeJson(target)),
    '',
    'Stop with Ctrl-C. Your own servers: drawbridge serve --config FILE; see drawbridge help.',
    ''
  ].join('\n')
}

function firstCalls ({ quickStart }: ReadyParts, target: ClientTarget): string[] {
  const call = quickStart ? ['A first call, in another terminal:', `  ${curlToolCall(target, 'everything', 'echo', { message: 'hello' })}`, ''] : []
  return [...call, 'The first request of an MCP client:', `  ${curlInitialize(target)}`, '']
}

/** The address that clients are to use: publicUrl, unless its port was left for the system to choose. */
export function clientUrl (settings: Settings, listening: string): string {
  return new URL(settings.http.publicUrl).port === '0' ? listening : settings.http.publicUrl
}

/** Indented, so that no line of it is taken for one of the JSON log lines on the same stream. */
function indent (text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
