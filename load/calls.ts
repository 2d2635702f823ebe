/** One tool call of the journey. */
export interface ToolCall {
  readonly server: string
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Called unless `--calls FILE` names others: servers that the production configuration and the quick start both have. */
export const DEFAULT_CALLS: readonly ToolCall[] = [
  { server: 'everything', tool: 'echo', arguments: { message: 'load' } },
  { server: 'everything', tool: 'get-sum', arguments: { a: 2, b: 3 } },
  { server: 'memory', tool: 'read_graph', arguments: {} }
]

/** Reads a list of calls, as `--calls` has it. @throws on anything else than a list of one to twenty calls */
export function callsOf (text: string): ToolCall[] {
  const parsed = JSON.parse(text) as unknown
  if (!Array.isArray(parsed) || parsed.length === 0 || parsed.length > MOST_CALLS) throw new Error(`the calls are a JSON array of 1 to ${MOST_CALLS}`)
  return parsed.map((value: unknown, index) => {
    const call = value as Partial<ToolCall> | null
    if (typeof call?.server !== 'string' || typeof call.tool !== 'string') throw new Error(`call ${index + 1} needs "server" and "tool"`)
    return { server: call.server, tool: call.tool, arguments: call.arguments ?? {} }
  })
}

/** They are one batch too, of which the gateway takes 50; a journey should stay short. */
const MOST_CALLS = 20
