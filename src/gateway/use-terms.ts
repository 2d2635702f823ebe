import type { JsonObject } from '../protocol/index.ts'
import type { FeatureUse } from './use.ts'

/** A server must not make a task of a call whose client would not understand it (MCP 2025-11-25 tasks). */
export function withoutTask ({ task: _task, ...others }: JsonObject): JsonObject {
  return others
}

/** Milliseconds until its deadline: the tool's own, or the server's. A tool's name is the caller's, so it may be `constructor`. */
export function timeoutOf ({ kind, name, server }: FeatureUse): number {
  const { timeoutMs } = server.tools
  return (kind === 'tool' && Object.hasOwn(timeoutMs, name) ? timeoutMs[name] : undefined) ?? server.timeoutMs
}

/** May an answer be kept and given again: a read, or a tool that the operator has marked? */
export function mayBeKept ({ method, server }: FeatureUse): boolean {
  return method === 'tools/call' ? server.tools.cache !== undefined : method === 'resources/read'
}
