import type { Relay } from '../../bridge/index.ts'
import type { Codec, Kept, Slot } from '../../cache/index.ts'
import { isJsonObject, type JsonObject, type Reply } from '../../protocol/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { GatewayContext } from '../context.ts'
import { askServer } from '../one-shot.ts'
import { freshnessOf, leftOf, lifeOf, type Answered } from '../reuse/freshness.ts'
import { groupsOf, isOfAllReplicas, isReusable } from '../reuse/groups.ts'
import { requestDigest } from '../reuse/request-digest.ts'
import type { ListMethod } from './list-method.ts'
import { isPublic, isVouched, listTtlOf, ttlOf } from './ttl.ts'

/** One page as the server gave it. */
export interface ListedPage extends Answered {
  readonly result: JsonObject
  /** Length of the result as JSON. */
  readonly chars: number
  readonly isPublic: boolean
}

/** What came of asking for a page: it, or why there is none. */
export type PageAnswer = ListedPage | { readonly failed: Reply }

/** A page of a server's list: kept from before, or asked for together with whoever wants the same one (FR17). */
export async function ownPage (context: GatewayContext, principal: Principal, relay: Relay, server: ServerSettings, list: ListMethod, params: JsonObject | undefined): Promise<PageAnswer> {
  const slots = isReusable(server) ? pageSlots(server, principal, relay, list, params) : undefined
  if (slots === undefined) {
    context.events.cached(server.name, 'bypass')
    return await askForPage(relay, server, list, params)
  }
  const asked: Asked = { context, relay, server, list, params, slots }
  return reusedPage(asked) ?? await readPage(asked)
}

type Slots = readonly [own: Slot<ListedPage>, open?: Slot<ListedPage>]

interface Asked {
  readonly context: GatewayContext
  readonly relay: Relay
  readonly server: ServerSettings
  readonly list: ListMethod
  readonly params: JsonObject | undefined
  readonly slots: Slots
}

function pageSlots (server: ServerSettings, principal: Principal, relay: Relay, list: ListMethod, params: JsonObject | undefined): Slots | undefined {
  const id = requestDigest(list.method, params, ['page'])
  if (id === undefined) return undefined
  const { own, open } = groupsOf(server, principal, relay)
  const slotOf = (group: string): Slot<ListedPage> => ({ topic: { group, kind: list.capability }, id, isShared: isOfAllReplicas(server), codec: CODEC })
  return open === undefined ? [slotOf(own)] : [slotOf(own), slotOf(open)]
}

function reusedPage (asked: Asked): ListedPage | undefined {
  const { context: { cache, events, nowMs }, relay, server, slots: [own, open] } = asked
  for (const slot of open === undefined ? [own] : [own, open]) {
    const kept = cache.last(slot)
    if (kept === undefined) continue
    const freshness = freshnessOf(kept, slot === own ? relay : undefined, server, nowMs())
    if (freshness === 'over') continue
    events.cached(server.name, freshness === 'fresh' ? 'hit' : 'stale')
    if (freshness === 'stale') readPage(asked).catch(events.thrown)
    return withTimeLeft(kept, nowMs())
  }
  return undefined
}

function readPage (asked: Asked): Promise<PageAnswer> {
  const { context, relay, server, slots: [own] } = asked
  return context.lists.pages.join(own, {
    start: () => pageAnew(asked),
    // One that is down has its own waits between starts.
    isFailure: (answer) => 'failed' in answer && listTtlOf(context.settings, server) > 0 && relay.place.connection?.open === true
  }).settled
}

async function pageAnew ({ context, relay, server, list, params, slots: [own, open] }: Asked): Promise<PageAnswer> {
  const { cache, events, nowMs, settings } = context
  const shared = await cache.fromReplicas(own)
  if (shared?.kept !== undefined && freshnessOf(shared.kept, relay, server, nowMs()) === 'fresh') {
    events.cached(server.name, 'hit')
    return withTimeLeft(shared.kept, nowMs())
  }
  events.cached(server.name, 'miss')
  const began = shared?.reading ?? cache.begin()
  await Promise.resolve(relay.connection()).catch(() => undefined)
  const reading = { ...began, atMs: nowMs() }
  const page = await askForPage(relay, server, list, params)
  if ('failed' in page) {
    // The page before may be an old one, whose cursor the server has forgotten: the next reading begins anew.
    if (params?.['cursor'] !== undefined && page.failed.error?.code === INVALID_PARAMS) cache.forget(own.topic)
    return page
  }
  cache.keep(own, reading, page, page.chars, lifeOf(page, listTtlOf(settings, server)))
  // On this replica alone: the generation that was asked for is the caller's own.
  if (open !== undefined && page.isPublic && page.ttlMs !== undefined) cache.keep(open, { ...reading, generation: undefined }, page, page.chars, lifeOf(page, 0))
  return page
}

/** JSON-RPC 2.0 5.1; what servers answer to a cursor that they do not know (MCP pagination). */
const INVALID_PARAMS = -32602

async function askForPage (relay: Relay, server: ServerSettings, list: ListMethod, params: JsonObject | undefined): Promise<PageAnswer> {
  const reply = await askServer(relay, list.method, params, server.timeoutMs)
  const { result } = reply
  if (!isJsonObject(result)) return { failed: reply }
  const { connection } = relay.place
  const ttlMs = ttlOf(connection, result)
  return { result, chars: charsOf(result), ttlMs, isVouched: isVouched(connection, server, list, ttlMs), isPublic: isPublic(connection, result) }
}

/** What JSON cannot express again is too large to be kept. */
function charsOf (result: JsonObject): number {
  try {
    return JSON.stringify(result).length
  } catch {
    return Infinity
  }
}

function withTimeLeft (kept: Kept<ListedPage>, nowMs: number): ListedPage {
  return { ...kept.value, ttlMs: leftOf(kept, nowMs) }
}

const CODEC: Codec<ListedPage> = {
  toJson: (page) => page,
  fromJson (json) {
    if (!isJsonObject(json)) return undefined
    const { result, chars, ttlMs, isVouched, isPublic } = json
    if (!isJsonObject(result) || typeof chars !== 'number') return undefined
    return { result, chars, ttlMs: typeof ttlMs === 'number' ? ttlMs : undefined, isVouched: isVouched === true, isPublic: isPublic === true }
  }
}
