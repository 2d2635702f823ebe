import type { Relay } from '../bridge/index.ts'
import { errorReply, isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import { mergeLists, type ListKind } from '../routing/index.ts'
import type { SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerName } from '../shared/ids.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { FeatureKind } from '../tenancy/index.ts'
import type { GatewayContext } from './context.ts'
import { askServer } from './one-shot.ts'

/** Whoever asks for a list: a session, one modern request, a plain caller. */
export interface ListCaller {
  readonly principal: Principal
  readonly route: SessionRoute
  /** Its relay to a server that it may use. @throws GatewayError when it has gone meanwhile */
  relayTo (server: ServerSettings): Relay
  /** It was given a list without this server's part; absent = it cannot be told when that changes. */
  oweLists? (relay: Relay): void
  /** A notification for it alone: a part that was late has come. Absent as above. */
  tell? (method: string): void
}

/** What a list is answered with. */
export type ListReply = Reply & {
  /** Of modern servers: for how many milliseconds the answer may be kept; the shortest of all parts. */
  readonly ttlMs?: number
}

/** A list method: what it answers with, which rules filter it, which capability offers it. */
export interface ListMethod { readonly method: string, readonly member: ListKind, readonly kind: FeatureKind, readonly capability: string }

const LISTS: ReadonlyMap<string, ListMethod> = new Map([
  { method: 'tools/list', member: 'tools', kind: 'tool', capability: 'tools' },
  { method: 'prompts/list', member: 'prompts', kind: 'prompt', capability: 'prompts' },
  { method: 'resources/list', member: 'resources', kind: 'resource', capability: 'resources' },
  { method: 'resources/templates/list', member: 'resourceTemplates', kind: 'resource', capability: 'resources' }
].map((list) => [list.method, list as ListMethod]))

/** The list that a method asks for; undefined = it asks for none. */
export function listOf (method: string): ListMethod | undefined {
  return LISTS.get(method)
}

/** The aggregate drains every server's pages, this many at most: a server that never ends its list ends here. */
const MAX_PAGES = 50
/** What of one server's list the aggregate takes at most, in characters of JSON: a hundred times what the largest real servers list (T39). */
const MAX_LIST_CHARS = 10_000_000
/** The aggregate waits no longer than this for any server: one that is dead or has to start must not hold up the others. */
const AGGREGATE_DEADLINE_MS = 10_000

/** A list as the caller's route has it: one server's, or all servers' at once. */
export function listFor (context: GatewayContext, caller: ListCaller, list: ListMethod, params: JsonObject | undefined): Promise<ListReply> {
  if (caller.route.kind === 'aggregate') return listOfAll(context, caller, list, params)
  return listOfServer(context, caller, context.server(caller.route.server), list, params)
}

/** A server's own list, one page as it came, less what the principal may not see. */
async function listOfServer (context: GatewayContext, caller: ListCaller, server: ServerSettings, list: ListMethod, params: JsonObject | undefined): Promise<Reply> {
  const reply = await askServer(caller.relayTo(server), list.method, params, server.timeoutMs)
  if (reply.error !== undefined || !isJsonObject(reply.result)) return reply
  const items = reply.result[list.member]
  if (!Array.isArray(items)) return reply
  const visible = visibleItems(context, caller.principal, server.name, list, items)
  // Left alone, and by reference, when nothing has to be hidden.
  return visible.length === items.length ? reply : { result: { ...reply.result, [list.member]: visible } }
}

function visibleItems (context: GatewayContext, principal: Principal, server: ServerName, list: ListMethod, items: readonly unknown[]): unknown[] {
  return items.filter((item) => {
    const name = nameOf(list.kind, item)
    return name !== undefined && context.policy.visible(principal, server, list.kind, name)
  })
}

function nameOf (kind: FeatureKind, item: unknown): string | undefined {
  if (!isJsonObject(item)) return undefined
  const name = kind === 'resource' ? item['uri'] ?? item['uriTemplate'] : item['name']
  return typeof name === 'string' ? name : undefined
}

/**
 * Everything the principal may see, over all servers at once. A server that is down or late is left out; its state is in
 * /status, and list_changed says when it is there. There is one page, so every cursor is a stranger's.
 */
async function listOfAll (context: GatewayContext, caller: ListCaller, list: ListMethod, params: JsonObject | undefined): Promise<Reply> {
  if (params?.['cursor'] !== undefined) return errorReply('GW_ROUTE_CURSOR')
  const { principal } = caller
  const servers = context.policy.servers(principal).map((name) => context.server(name))
  const parts = await Promise.all(servers.map(async (server) => {
    const items = await inTime(context, caller, server, list)
    return { server: server.name, items: visibleItems(context, principal, server.name, list, items) }
  }))
  for (const { server, items } of parts) learnNames(context, server, list, items)
  return { result: { [list.member]: mergeLists(list.member, parts) } }
}

/** Names that the aggregate had to shorten are only known from lists. */
function learnNames (context: GatewayContext, server: ServerName, list: ListMethod, items: readonly unknown[]): void {
  if (list.kind === 'resource') return
  for (const item of items) {
    const name = nameOf(list.kind, item)
    if (name !== undefined) context.names.learn(server, name)
  }
}

/** Learns a server's names because a shortened one is used that no list has taught yet. False: the server did not say. */
export async function learnNamesOf (context: GatewayContext, relay: Relay, server: ServerSettings, list: ListMethod): Promise<boolean> {
  const items = await allPages(relay, server, list)
  learnNames(context, server.name, list, items ?? [])
  return items !== undefined
}

async function inTime (context: GatewayContext, caller: ListCaller, server: ServerSettings, list: ListMethod): Promise<unknown[]> {
  const relay = caller.relayTo(server)
  const pages = allPages(relay, server, list)
  const items = await within(AGGREGATE_DEADLINE_MS, pages)
  if (items !== undefined) return items
  // Down: told when it is up again. Late: told when its list is here after all.
  caller.oweLists?.(relay)
  pages.then((late) => {
    if (late !== undefined && late.length > 0) caller.tell?.(`notifications/${list.capability}/list_changed`)
  }).catch(context.events.thrown)
  return []
}

/** Undefined: the server is down, or did not give the list. */
async function allPages (relay: Relay, server: ServerSettings, { method, member, capability }: ListMethod): Promise<unknown[] | undefined> {
  const offered = await offers(relay, capability)
  if (offered !== true) return offered === false ? [] : undefined
  const items: unknown[] = []
  let cursor: unknown
  let leftChars = MAX_LIST_CHARS
  for (let page = 0; page < MAX_PAGES; page++) {
    const reply = await askServer(relay, method, cursor === undefined ? undefined : { cursor }, server.timeoutMs)
    if (!isJsonObject(reply.result)) return page === 0 ? undefined : items
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

/** Undefined: it cannot be started. */
async function offers (relay: Relay, capability: string): Promise<boolean | undefined> {
  try {
    const { capabilities } = (await relay.connection()).initializeResult
    return isJsonObject(capabilities) && isJsonObject(capabilities[capability])
  } catch {
    return undefined
  }
}

async function within<T> (timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<undefined>((resolve) => { timer = setTimeout(resolve, timeoutMs, undefined) })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
