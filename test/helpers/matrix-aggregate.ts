import type { MatrixClient } from './matrix-client.ts'

/**
 * A client of the aggregate, seen as if it were a client of one server there: what it is told is named as the server names it,
 * what it sends as the aggregate does.
 */
export function onAggregate (client: MatrixClient, server: string): MatrixClient {
  const tool = (name: string): string => `${server}__${name}`
  const address = (uri: string): string => `${server}+${uri}`
  const own = (start: string) => (names: readonly string[] = []): string[] => names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length))
  const { callWithProgress, listResources, readResource, listPrompts, getPrompt, subscribe } = client
  return {
    ...client,
    listTools: async () => own(tool(''))(await client.listTools()),
    callTool: (name, args) => client.callTool(tool(name), args),
    callUntil: (name, args, signal) => client.callUntil(tool(name), args, signal),
    ...(callWithProgress && { callWithProgress: (name, args, onProgress) => callWithProgress(tool(name), args, onProgress) }),
    ...(listResources && { listResources: async () => own(address(''))(await listResources()) }),
    ...(readResource && { readResource: (uri) => readResource(address(uri)) }),
    ...(listPrompts && { listPrompts: async () => own(tool(''))(await listPrompts()) }),
    ...(getPrompt && { getPrompt: (name, args) => getPrompt(tool(name), args) }),
    ...(subscribe && { subscribe: (uri, onUpdated) => subscribe(address(uri), (updated) => { for (const ours of own(address(''))([updated])) onUpdated(ours) }) })
  }
}
