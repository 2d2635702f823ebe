/** One server entry of a client's file, untouched. */
export interface ClientEntry {
  readonly file: string
  readonly name: string
  readonly entry: Readonly<Record<string, unknown>>
}

/** Where clients keep their servers: Claude, Cursor and mcp-proxy; VS Code's mcp.json; VS Code's settings.json. */
const PLACES = [['mcpServers'], ['servers'], ['mcp', 'servers']] as const

/** The servers of one parsed file, whichever client wrote it; `undefined` when it holds none of the known places. */
export function clientEntries (file: string, data: unknown): ClientEntry[] | undefined {
  const groups = PLACES.map((path) => path.reduce(member, data)).filter((group) => isObject(group))
  if (groups.length === 0) return undefined
  return groups.flatMap((group) => Object.entries(group).map(([name, entry]) => ({ file, name, entry: isObject(entry) ? entry : {} })))
}

function member (value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
