import { isJsonObject, mirroredParams, type JsonObject, type MirroredParam, type Reply } from '../protocol/index.ts'
import type { Connection } from '../upstream/index.ts'

/** Pages of one tools/list that are read at most, and tools that are remembered: a server that never ends its list ends here (T39). */
const MAX_PAGES = 50
const MAX_TOOLS = 10_000
const LIST_MS = 10_000

const NONE: readonly MirroredParam[] = []

/**
 * Which arguments of a server's tools are mirrored in headers (SEP-2243). Only the tool's own schema says so, so the list is
 * read once per connection when a call needs it, and again after it has changed.
 */
export class ToolParameters {
  #byTool: Map<string, readonly MirroredParam[]> | undefined
  #taskTools = new Set<string>()
  #reading: Promise<void> | undefined

  /** Known to the last list; undefined = the list has not been read yet. */
  of (tool: string): readonly MirroredParam[] | undefined {
    return this.#byTool === undefined ? undefined : this.#byTool.get(tool) ?? NONE
  }

  /** Does the tool run as a task only (MCP 2025-11-25, `execution.taskSupport`)? */
  requiresTask (tool: string): boolean { return this.#taskTools.has(tool) }

  /** The list has changed, or belongs to another worker. */
  forget (): void {
    this.#byTool = undefined
    this.#reading = undefined
  }

  /** Reads the list; callers share one reading. Never rejects: a server without a list has no such arguments. */
  read (connection: Connection): Promise<void> {
    const reading = this.#reading ?? this.#readAll(connection)
    this.#reading = reading
    return reading
  }

  async #readAll (connection: Connection): Promise<void> {
    const found = new Map<string, readonly MirroredParam[]>()
    const taskTools = new Set<string>()
    let cursor: unknown
    for (let page = 0; page < MAX_PAGES; page++) {
      const reply = await listPage(connection, cursor)
      const result = isJsonObject(reply.result) ? reply.result : {}
      const { tools, nextCursor } = result
      if (Array.isArray(tools)) for (const tool of tools) remember(found, taskTools, tool)
      cursor = nextCursor
      if (typeof cursor !== 'string' || found.size >= MAX_TOOLS) break
    }
    this.#byTool = found
    this.#taskTools = taskTools
    this.#reading = undefined
  }
}

function remember (found: Map<string, readonly MirroredParam[]>, taskTools: Set<string>, tool: unknown): void {
  if (!isJsonObject(tool) || typeof tool['name'] !== 'string' || found.size >= MAX_TOOLS) return
  if (isJsonObject(tool['execution']) && tool['execution']['taskSupport'] === 'required' && taskTools.size < MAX_TOOLS) taskTools.add(tool['name'])
  const mirrored = mirroredParams(tool['inputSchema'])
  if (mirrored.ok && mirrored.value.length > 0) found.set(tool['name'], mirrored.value)
}

function listPage (connection: Connection, cursor: unknown): Promise<Reply> {
  const params: JsonObject | undefined = typeof cursor === 'string' ? { cursor } : undefined
  return new Promise((resolve) => {
    connection.call({ method: 'tools/list', params, timeoutMs: LIST_MS, maxTimeoutMs: LIST_MS, origin: undefined, onReply: resolve })
  })
}
