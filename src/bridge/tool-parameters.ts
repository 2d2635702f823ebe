import { isJsonObject, mirroredParams, type JsonObject, type MirroredParam, type Reply } from '../protocol/index.ts'
import type { Connection } from '../upstream/index.ts'
import type { NextRound, RelayedCall } from './relayed-call.ts'

/** Pages of one tools/list that are read at most, and tools that are remembered: a server that never ends its list ends here (T39). */
const MAX_PAGES = 50
const MAX_TOOLS = 10_000
const LIST_MS = 10_000

type Mirrored = ReadonlyMap<string, readonly MirroredParam[]>

const NONE: readonly MirroredParam[] = []

/**
 * Which arguments of a server's tools are mirrored in headers (SEP-2243). Only the tool's own schema says so, so the list is
 * read once per connection when a call needs it, and again after it has changed.
 */
export class ToolParameters {
  #byTool: Mirrored | undefined
  #taskTools = new Set<string>()
  #reading: Promise<Mirrored> | undefined

  /** The tool's arguments that are mirrored; a promise when the list has to be read first. */
  of (tool: string, connection: Connection): readonly MirroredParam[] | Promise<readonly MirroredParam[]> {
    return this.#byTool === undefined ? this.#read(connection).then((found) => found.get(tool) ?? NONE) : this.#byTool.get(tool) ?? NONE
  }

  /** Does the tool run as a task only (MCP 2025-11-25, `execution.taskSupport`)? */
  requiresTask (tool: string): boolean { return this.#taskTools.has(tool) }

  /** The list has changed, or belongs to another worker. */
  forget (): void {
    this.#byTool = undefined
    this.#reading = undefined
  }

  /** The server found the headers wrong: its list has changed. Read again and sent again, once (MCP 2026-07-28, -32020). */
  async mirrorAgain (call: RelayedCall, connection: Connection, reply: Reply): Promise<NextRound> {
    const tool = call.params?.['name']
    if (call.mirrored === undefined || call.isMirroredAgain || typeof tool !== 'string') return { reply }
    call.isMirroredAgain = true
    this.forget()
    call.mirrored = await this.of(tool, connection)
    return { params: call.params }
  }

  /** Reads the list; callers share one reading. Never rejects: a server without a list has no such arguments. */
  #read (connection: Connection): Promise<Mirrored> {
    const reading: Promise<Mirrored> = this.#reading ?? readAll(connection).then(({ found, taskTools }) => {
      // Otherwise the list has changed while it was read.
      if (this.#reading === reading) {
        this.#byTool = found
        this.#taskTools = taskTools
        this.#reading = undefined
      }
      return found
    })
    this.#reading = reading
    return reading
  }
}

async function readAll (connection: Connection): Promise<{ readonly found: Mirrored, readonly taskTools: Set<string> }> {
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
  return { found, taskTools }
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
