import type { Relay } from '../../bridge/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { GatewayContext } from '../context.ts'
import { freshnessOf, leftOf, lifeOf } from '../reuse/freshness.ts'
import { isReusable } from '../reuse/groups.ts'
import type { ListCaller } from './list-caller.ts'
import type { ListMethod } from './list-method.ts'
import { wholeSlots, type ListFlight } from './list-memory.ts'
import { readServerList, type ServerList } from './server-list.ts'
import { listTtlOf } from './ttl.ts'

type Reader = Pick<ListCaller, 'principal'>

/** A list that was read before and is good still, with what is left of its time; one that has just run out is read anew meanwhile. */
export function reusedList (context: GatewayContext, caller: Reader, relay: Relay, server: ServerSettings, list: ListMethod): ServerList | undefined {
  const { nowMs } = context
  const [own, open] = wholeSlots(server, caller.principal, relay, list)
  for (const slot of open === undefined ? [own] : [own, open]) {
    const kept = context.lists.memory.last(slot)
    if (kept === undefined) continue
    const freshness = freshnessOf(kept, slot === own ? relay : undefined, server, nowMs())
    if (freshness === 'over') continue
    context.events.cached(server.name, freshness === 'fresh' ? 'hit' : 'stale')
    if (freshness === 'stale') readList(context, caller, relay, server, list).settled.catch(context.events.thrown)
    return { ...kept.value, ttlMs: leftOf(kept, nowMs()) }
  }
  return undefined
}

/** Reads a server's list, with whoever is at it already, and remembers what it teaches. */
export function readList (context: GatewayContext, { principal }: Reader, relay: Relay, server: ServerSettings, list: ListMethod): ListFlight {
  const { memory, known } = context.lists
  const [own] = wholeSlots(server, principal, relay, list)
  return memory.read(own, {
    start: async () => {
      const read = await readAnew(context, principal, relay, server, list)
      if (read !== undefined) known.saw(server, principal, list, read.items, read.isWhole)
      // One that is down says nothing at all: it is asked when it is up.
      else if (relay.place.connection?.open === true) known.missed(server, principal, list)
      return read
    },
    // One that is down has its own waits between starts.
    isFailure: (read) => read === undefined && listTtlOf(context.settings, server) > 0 && relay.place.connection?.open === true
  })
}

/** What another replica has read a moment ago, or else the server's own answer, which is kept. */
async function readAnew (context: GatewayContext, principal: Pick<Principal, 'tenant'>, relay: Relay, server: ServerSettings, list: ListMethod): Promise<ServerList | undefined> {
  const { cache, nowMs, events } = context
  const [own, open] = wholeSlots(server, principal, relay, list)
  const shared = await cache.fromReplicas(own)
  if (shared?.kept !== undefined && freshnessOf(shared.kept, relay, server, nowMs()) === 'fresh') {
    events.cached(server.name, 'hit')
    return { ...shared.kept.value, ttlMs: leftOf(shared.kept, nowMs()) }
  }
  events.cached(server.name, 'miss')
  const began = shared?.reading ?? cache.begin()
  await Promise.resolve(relay.connection()).catch(() => undefined)
  const reading = { ...began, atMs: nowMs() }
  const read = await readServerList(relay, server, list, nowMs)
  if (read?.isWhole !== true || !isReusable(server)) return read
  cache.keep(own, reading, read, read.chars, lifeOf(read, listTtlOf(context.settings, server)))
  // On this replica alone: the generation that was asked for is the caller's own.
  if (open !== undefined && read.isPublic && read.ttlMs !== undefined) cache.keep(open, { ...reading, generation: undefined }, read, read.chars, lifeOf(read, 0))
  return read
}
