import type { Relay } from '../bridge/index.ts'
import { isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import { mergeLists, type ListKind } from '../routing/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { FeatureKind } from '../tenancy/index.ts'
import type { GatewayContext } from './context.ts'
import { askServer } from './one-shot.ts'

/** What each list method answers with, and which rules filter it. */
export const LISTS: Readonly<Record<string, { readonly member: ListKind, readonly kind: FeatureKind, readonly capability: string }>> = {
  'tools/list': { member: 'tools', kind: 'tool', capability: 'tools' },
  'prompts/list': { member: 'prompts', kind: 'prompt', capability: 'prompts' },
  'resources/list': { member: 'resources', kind: 'resource', capability: 'resources' },
  'resources/templates/list': { member: 'resourceTemplates', kind: 'resource', capability: 'resources' }
}

/** The aggregate drains every server's pages, this many at most: a server that never ends its list ends here. */
const MAX_PAGES = 50
/** What of one server's list the aggregate takes at most, in characters of JSON: a hundred times what the largest real servers list (T39). */
const MAX_LIST_CHARS = 10_000_000
/** The aggregate waits this long for a server that is up, and no longer than this for one that has to start (one dead server must not hold up the others). */
const AGGREGATE_DEADLINE_MS = 10_000

/** A server's own list, one page as it came, less what the principal may not see. */
export async function listOfServer (context: GatewayContext, principal: Principal, server: ServerSettings, relay: Relay, method: string, params: JsonObject | undefined): Promise<Reply> {
  const reply = await askServer(relay, method, params, server.timeoutMs)
  if (reply.error !== undefined) return reply
  return { result: filtered(context, principal, server, method, reply.result) }
}

/** Leaves the result alone, and by reference, when nothing has to be hidden. */
function filtered (context: GatewayContext, principal: Principal, server: ServerSettings, method: string, result: unknown): unknown {
  const list = LISTS[method]
  if (list === undefined || !isJsonObject(result)) return result
  const items = result[list.member]
  if (!Array.isArray(items)) return result
  const visible = items.filter((item) => isVisible(context, principal, server, list.kind, item))
  return visible.length === items.length ? result : { ...result, [list.member]: visible }
}

function isVisible (context: GatewayContext, principal: Principal, server: ServerSettings, kind: FeatureKind, item: unknown): boolean {
  const name = nameOf(kind, item)
  return name !== undefined && context.policy.visible(principal, server.name, kind, name)
}

function nameOf (kind: FeatureKind, item: unknown): string | undefined {
  if (!isJsonObject(item)) return undefined
  const name = kind === 'resource' ? item['uri'] ?? item['uriTemplate'] : item['name']
  return typeof name === 'string' ? name : undefined
}

/**
 * Everything the principal may see, over all servers at once. A server that is down or late is left out, its state is in
 * /status, and its list_changed comes when it is up.
 */
export async function listOfAll (context: GatewayContext, principal: Principal, relayTo: (server: ServerSettings) => Relay, method: string): Promise<Reply> {
  const list = LISTS[method]
  if (list === undefined) return { result: {} }
  const servers = context.policy.servers(principal).map((name) => context.server(name))
  const parts = await Promise.all(servers.map(async (server) => ({ server: server.name, items: await withinDeadline(allPages(relayTo(server), server, method, list.member, list.capability)) })))
  const visible = parts.map(({ server, items }) => ({
    server,
    items: items.filter((item) => isVisible(context, principal, context.server(server), list.kind, item))
  }))
  for (const { server, items } of visible) {
    for (const item of items) {
      const name = nameOf(list.kind, item)
      if (list.kind !== 'resource' && name !== undefined) context.names.learn(server, name)
    }
  }
  return { result: { [list.member]: mergeLists(list.member, visible) } }
}

async function allPages (relay: Relay, server: ServerSettings, method: string, member: string, capability: string): Promise<unknown[]> {
  const items: unknown[] = []
  if (!await offers(relay, capability)) return items
  let cursor: unknown
  let leftChars = MAX_LIST_CHARS
  for (let page = 0; page < MAX_PAGES; page++) {
    const reply = await askServer(relay, method, cursor === undefined ? undefined : { cursor }, server.timeoutMs)
    if (!isJsonObject(reply.result)) break
    const part: unknown = reply.result[member]
    leftChars -= charsOf(part)
    if (leftChars < 0) break
    // Not spread: a page may hold more items than a call takes arguments.
    if (Array.isArray(part)) for (const item of part) items.push(item)
    cursor = reply.result['nextCursor']
    if (typeof cursor !== 'string') break
  }
  return items
}

/** Length of a page as JSON; endless for what JSON cannot express again (nested beyond the stack): it would take every other server's list with it. */
function charsOf (part: unknown): number {
  try {
    return (JSON.stringify(part) as string | undefined)?.length ?? 0
  } catch {
    return Infinity
  }
}

async function offers (relay: Relay, capability: string): Promise<boolean> {
  try {
    const { capabilities } = (await relay.connection()).initializeResult
    return isJsonObject(capabilities) && isJsonObject(capabilities[capability])
  } catch {
    return false
  }
}

async function withinDeadline (items: Promise<unknown[]>): Promise<unknown[]> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<unknown[]>((resolve) => {
    timer = setTimeout(() => resolve([]), AGGREGATE_DEADLINE_MS)
  })
  try {
    return await Promise.race([items, deadline])
  } finally {
    clearTimeout(timer)
  }
}
