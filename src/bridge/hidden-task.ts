import { errorReply, isJsonObject, type Reply } from '../protocol/index.ts'
import type { NextRound, RelayedCall } from './relayed-call.ts'

/**
 * A session-era server made a task of a call whose client waits for the result: `tasks/result` answers when the task has
 * ended, and what the server asks meanwhile is about this call (MCP 2025-11-25 tasks).
 */
export function resultOfTask (call: RelayedCall, reply: Reply): NextRound {
  const task = isJsonObject(reply.result) ? reply.result['task'] : undefined
  // It answered at once after all.
  if (!isJsonObject(task)) return { reply }
  if (typeof task['taskId'] !== 'string') return { reply: errorReply('GW_UPSTREAM_PROTOCOL') }
  call.taskId = task['taskId']
  call.timeoutMs = call.maxTimeoutMs
  return { method: 'tasks/result', params: { taskId: call.taskId } }
}
