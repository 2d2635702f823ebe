import { isJsonObject, mirroredParams, type Reply } from '../../protocol/index.ts'

/**
 * A tools/list without the tools whose `x-mcp-header` annotations break the rules: nobody could mirror their arguments as the
 * server would read them (SEP-2243: clients over HTTP must leave such tools out). By reference when all are in order.
 * @param onDropped called for each
 */
export function usableTools (reply: Reply, onDropped: () => void): Reply {
  const { result } = reply
  if (!isJsonObject(result) || !Array.isArray(result['tools'])) return reply
  const tools = result['tools'].filter((tool: unknown) => !isJsonObject(tool) || mirroredParams(tool['inputSchema']).ok)
  for (let dropped = result['tools'].length - tools.length; dropped > 0; dropped--) onDropped()
  return tools.length === result['tools'].length ? reply : { result: { ...result, tools } }
}
