import { capabilitiesOf, type Relay } from '../bridge/index.ts'
import { errorReply, EXTENSION, isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import type { SessionRoute } from '../session/index.ts'
import type { Era } from '../shared/era.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { ok, refuse, type Result } from '../shared/result.ts'
import type { Connection } from '../upstream/index.ts'
import type { FeatureUse } from './use.ts'
import type { GatewayContext, Turn } from './context.ts'
import { withSealedCursor, withServersCursor } from './lists/cursor.ts'
import { askServer } from './one-shot.ts'

/** Methods that name a task, by era (MCP 2025-11-25 tasks; tasks extension of 2026-07-28). */
const METHODS: Readonly<Record<Era, ReadonlySet<string>>> = {
  legacy: new Set(['tasks/get', 'tasks/result', 'tasks/cancel']),
  modern: new Set(['tasks/get', 'tasks/update', 'tasks/cancel'])
}

/** The one list of tasks, of the session era. */
const TASKS_LIST = { method: 'tasks/list' }

/** Is this a request about one task, in the client's era? */
export function namesTask (method: string, era: Era): boolean {
  return METHODS[era].has(method)
}

/**
 * Tasks are relayed between sides of the same era, on a server's own endpoint; the two eras' tasks cannot be translated into
 * one another.
 */
export function offersTasks (connection: Connection, era: Era): boolean {
  const offered = capabilitiesOf(connection)
  if (connection.era !== era) return false
  return era === 'legacy' ? isJsonObject(offered['tasks']) : isJsonObject(offered['extensions']) && isJsonObject(offered['extensions'][EXTENSION.tasks])
}

/**
 * The use behind a request about a task: as much the use of its tool as the call was that made it, so the same rules decide
 * (T20, T21). Not counted as another call.
 */
export function taskUse (context: GatewayContext, principal: Principal, route: SessionRoute, method: string, params: JsonObject | undefined): Result<FeatureUse, Reply> {
  const task = context.tasks.open(principal, params?.['taskId'])
  if (task === undefined || route.kind !== 'server' || route.server !== task.server) return refuse(errorReply('GW_PROTOCOL_PARAMS', { publicMessage: 'Invalid params: unknown task' }))
  return ok({ method, kind: 'tool', server: context.server(task.server), name: task.tool, params: { ...params, taskId: task.id }, isUncounted: true })
}

/** May this call become a task that its client hears of? */
export function mayBecomeTask (use: FeatureUse, connection: Connection, era: Era | undefined): boolean {
  return use.rewrite === undefined && era === 'legacy' && offersTasks(connection, 'legacy')
}

/**
 * A reply with its task ids sealed, and the tasks noted whose they are; by reference when there are none.
 * @param use the call that made the task, or the request about one
 */
export function withSealedTasks (context: GatewayContext, principal: Principal, relay: Relay, use: FeatureUse, reply: Reply): Reply {
  const { result } = reply
  if (!isJsonObject(result)) return reply
  const { method, server: { name }, name: tool } = use
  if (method !== 'tools/call') return { result: context.tasks.sealedInMeta(principal, name, tool, context.tasks.sealedIn(principal, name, tool, result)) }
  const { task } = result
  if (isJsonObject(task)) {
    note(relay, principal, task, tool)
    return { result: { ...result, task: context.tasks.sealedIn(principal, name, tool, task) } }
  }
  if (result['resultType'] !== 'task') return reply
  note(relay, principal, result, tool)
  return { result: context.tasks.sealedIn(principal, name, tool, result) }
}

function note (relay: Relay, { userKey }: Principal, task: JsonObject, tool: string): void {
  if (typeof task['taskId'] === 'string') relay.tasks.add(task['taskId'], { userKey, tool })
}

/** tasks/list of a session: only the user's own, whoever else uses the worker; the server's cursor, which may be a task's id, sealed (T21). */
export async function listTasks (context: GatewayContext, { session, principal }: Turn, params: JsonObject | undefined): Promise<Reply> {
  if (session.route.kind !== 'server') return errorReply('GW_PROTOCOL_METHOD')
  const server = context.server(session.route.server)
  const owner = { principal, route: session.route }
  const inner = withServersCursor(context.sealer, owner, TASKS_LIST, params)
  if (inner === 'foreign') return errorReply('GW_ROUTE_CURSOR')
  const relay = context.links.of(session, server)
  if (!offersTasks(await relay.connection(), 'legacy')) return errorReply('GW_PROTOCOL_METHOD')
  const reply = await askServer(relay, TASKS_LIST.method, inner, server.timeoutMs)
  if (!isJsonObject(reply.result)) return reply
  const page = withSealedCursor(context.sealer, owner, TASKS_LIST, server.name, { ...reply.result, tasks: ownTasks(context, principal, relay, server.name, reply.result['tasks']) })
  return page === undefined ? errorReply('GW_UPSTREAM_PROTOCOL') : { result: page }
}

/** What is no list holds none. */
function ownTasks (context: GatewayContext, principal: Principal, relay: Relay, server: ServerName, tasks: unknown): JsonObject[] {
  if (!Array.isArray(tasks)) return []
  return tasks.filter(isJsonObject).flatMap((task) => {
    const tool = relay.tasks.toolOf(task['taskId'], principal.userKey)
    // As tasks/get decides about it (T54).
    const isOpen = tool !== undefined && context.policy.refusal(principal, server, 'tool', tool) === undefined
    return isOpen ? [context.tasks.sealedIn(principal, server, tool, task)] : []
  })
}
