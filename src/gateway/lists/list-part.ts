import type { Relay } from '../../bridge/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { GatewayContext } from '../context.ts'
import type { ListCaller } from './list-caller.ts'
import type { ListMethod } from './list-method.ts'
import { wholeSlots, type ListFlight } from './list-memory.ts'
import { readList, reusedList } from './read-list.ts'
import { NO_LIST, type ServerList } from './server-list.ts'

/** One server's part of the aggregate's list. */
export interface ListPart {
  readonly server: ServerSettings
  readonly list: ServerList
  /** `stale`: its last good list, because it is down or late. `partial`: not all of it. `down`: nothing is known of it, and nothing shown. */
  readonly state: 'fresh' | 'stale' | 'partial' | 'down'
}

/** The aggregate waits no longer than this for any server: one that is dead or has to start must not hold up the others. */
const DEADLINE_MS = 10_000
/** The same where a last good list can stand in. */
const STAND_IN_DEADLINE_MS = 2_000
/** A page that continues a list takes the lists that the page before was made of, when they are younger than this. */
const CONTINUE_MS = 60_000

/** How a part is wanted. */
export interface PartWanted {
  readonly list: ListMethod
  /** Monotonic milliseconds after which nothing is waited for any more. */
  readonly endMs: number
  /** For a page after the first. */
  readonly isContinued: boolean
}

/** A server's list in time, or what stands in for it. The caller is told when it is late, and owed word when it is down. */
export async function partOf (context: GatewayContext, caller: ListCaller, server: ServerSettings, wanted: PartWanted): Promise<ListPart> {
  const { list, endMs, isContinued } = wanted
  const { lists: { memory }, nowMs } = context
  const relay = caller.relayTo(server)
  const [slot] = wholeSlots(server, caller.principal, relay, list)
  const kept = memory.last(slot)
  if (isContinued && kept !== undefined && nowMs() - kept.atMs <= CONTINUE_MS) return { server, list: kept.value, state: 'fresh' }
  const reused = reusedList(context, caller, relay, server, list)
  if (reused !== undefined) return { server, list: reused, state: 'fresh' }
  const flight = readList(context, caller, relay, server, list)
  const deadlineMs = kept === undefined ? DEADLINE_MS : STAND_IN_DEADLINE_MS
  const read = await within(Math.min(flight.startedMs + deadlineMs, endMs) - nowMs(), flight.settled)
  if (read !== LATE && read?.isWhole === true) return { server, list: read, state: 'fresh' }
  const stand = standIn(server, kept?.value, read === LATE ? undefined : read)
  if (read === LATE) tellLater(context, caller, relay, flight, list, stand.list)
  else caller.oweLists?.(relay)
  return stand
}

function standIn (server: ServerSettings, kept: ServerList | undefined, read: ServerList | undefined): ListPart {
  if (kept !== undefined) return { server, list: kept, state: 'stale' }
  return read === undefined ? { server, list: NO_LIST, state: 'down' } : { server, list: read, state: 'partial' }
}

/** A list that came after all is worth a word when it is another than the one that stood in for it. */
function tellLater (context: GatewayContext, caller: ListCaller, relay: Relay, flight: ListFlight, list: ListMethod, given: ServerList): void {
  flight.settled.then((late) => {
    if (late === undefined) caller.oweLists?.(relay)
    else if (late.digest !== given.digest && late.items.length + given.items.length > 0) caller.tell?.(`notifications/${list.capability}/list_changed`)
  }).catch(context.events.thrown)
}

const LATE = Symbol('late')

/** @param waitMs nothing or less: what is there already is still taken */
export async function within<T> (waitMs: number, promise: Promise<T>): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<typeof LATE>((resolve) => { timer = setTimeout(resolve, Math.max(0, waitMs), LATE) })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
