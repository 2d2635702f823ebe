import type { Relay } from '../../bridge/index.ts'
import { digestOf, Flights, type Cache, type Codec, type Flight, type FlightPlan, type Kept, type Slot } from '../../cache/index.ts'
import { isJsonObject } from '../../protocol/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import { groupsOf, isOfAllReplicas } from '../reuse/groups.ts'
import type { ListMethod } from './list-method.ts'
import type { ServerList } from './server-list.ts'

/** How long a server may be down before its last good list is no longer shown. */
const MAX_AGE_MS = 3_600_000
const WHOLE = 'whole list'

/** A list that was read, and when. */
export type KeptList = Kept<ServerList>
/** Undefined as for `readServerList`. */
export type ListFlight = Flight<ServerList | undefined>

/**
 * The last good list of every group of callers, and the lists that are being read. Lists are kept as servers gave them; what a
 * caller may see is decided each time. Nothing but whole lists is kept: no errors, no parts.
 */
export class ListMemory {
  readonly #cache: Cache
  readonly #nowMs: () => number
  readonly #flights: Flights<ServerList | undefined>

  /** @param nowMs monotonic */
  constructor (cache: Cache, nowMs: () => number) {
    this.#cache = cache
    this.#nowMs = nowMs
    this.#flights = new Flights(cache, nowMs)
  }

  /** The last good list; undefined = there is none, it has changed since, or it is older than an hour. */
  last (slot: Slot<ServerList>): KeptList | undefined {
    const kept = this.#cache.last(slot)
    return kept !== undefined && this.#nowMs() - kept.atMs <= MAX_AGE_MS ? kept : undefined
  }

  /** Reads a list, or waits with those who are at it (FR17). Whoever goes away does not take it from the others. */
  read (slot: Slot<ServerList>, plan: FlightPlan<ServerList | undefined>): ListFlight {
    return this.#flights.join(slot, plan)
  }
}

/** Where a server's whole list is kept for a caller: first as the caller's own, then, if the operator allows that, as everybody's of the tenant. */
export function wholeSlots (server: ServerSettings, principal: Pick<Principal, 'tenant'>, relay: Relay, list: ListMethod): readonly [own: Slot<ServerList>, open?: Slot<ServerList>] {
  const { own, open } = groupsOf(server, principal, relay)
  const slotOf = (group: string): Slot<ServerList> => ({
    topic: { group, kind: list.capability },
    id: digestOf([WHOLE, list.method]),
    isShared: isOfAllReplicas(server),
    codec: CODEC
  })
  return open === undefined ? [slotOf(own)] : [slotOf(own), slotOf(open)]
}

const CODEC: Codec<ServerList> = {
  toJson: (list) => list,
  fromJson (json) {
    if (!isJsonObject(json)) return undefined
    const { items, chars, digest, isWhole, ttlMs, isVouched, isPublic } = json
    if (!Array.isArray(items) || typeof chars !== 'number' || typeof digest !== 'string' || isWhole !== true) return undefined
    return { items, chars, digest, isWhole, ttlMs: typeof ttlMs === 'number' ? ttlMs : undefined, isVouched: isVouched === true, isPublic: isPublic === true }
  }
}
