import type { JsonObject } from './message.ts'

/** The member of `params` that a method's requests repeat in their Mcp-Name header; undefined = they have no such header. */
function nameMember (method: string): 'name' | 'uri' | 'taskId' | undefined {
  switch (method) {
    case 'tools/call':
    case 'prompts/get': return 'name'
    case 'resources/read': return 'uri'
    case 'tasks/get':
    case 'tasks/update':
    case 'tasks/cancel': return 'taskId'
    default: return undefined
  }
}

/**
 * What the Mcp-Name header of a request has to stand for (MCP 2026-07-28 transports, standard request headers; SEP-2663 for
 * tasks); undefined = it needs none, or the value that it would repeat is missing. Not yet encoded.
 */
export function mirroredName (method: string, params: JsonObject | undefined): string | undefined {
  const member = nameMember(method)
  const value = member === undefined ? undefined : params?.[member]
  return typeof value === 'string' ? value : undefined
}
