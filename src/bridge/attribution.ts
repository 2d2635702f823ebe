import type { Client, Exchange } from '../session/index.ts'
import type { CallHandle, Connection, UpstreamCall } from '../upstream/index.ts'
import { RelayedCall } from './relayed-call.ts'

/** To whom something goes that a server asks or says of its own accord. */
export interface Target {
  readonly client: Client
  /** The request on whose stream it goes; undefined = the client's own stream. */
  readonly exchange: Exchange | undefined
  /** The calls it may be about. */
  readonly calls: readonly RelayedCall[]
}

/** Requests during which a server may ask something. */
const ASKABLE_METHODS = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete', 'tasks/result'])

/**
 * Whom a question is for (rulings 4). Where the transport tells the call, that call's client. Otherwise: one call in flight:
 * that call's own stream. Several of one session: its GET stream if it has one, else the newest POST. Several clients, or a
 * caller who cannot be asked: nobody, because a wrong guess would show one client's question to another (T20). No call: the
 * one session there is; for roots, the one that came last.
 * @param about the call on whose own stream the question came
 */
export function targetOfAsk (connection: Connection | undefined, clients: ReadonlySet<Client>, method: string, about?: UpstreamCall): Target | undefined {
  if (about !== undefined) return exactTarget(about)
  const { running, client, isOneClient, hasLingering } = candidates(connection)
  if (!isOneClient) return undefined
  if (running.length > 0) return client && onStreamOf(client, running)
  // Its call was given up: there is nobody to ask any more, but roots belong to no call.
  if (hasLingering) return client?.era === 'legacy' && method === 'roots/list' ? { client, exchange: undefined, calls: [] } : undefined
  const sessions = [...clients].filter(({ era }) => era === 'legacy')
  if (sessions.length > 1 && method !== 'roots/list') return undefined
  const newest = sessions.at(-1)
  return newest && { client: newest, exchange: undefined, calls: [] }
}

/**
 * Whom a log line is for. `everybody`: it can be told from no call, so it goes to every session, provided that all are one
 * user's. Undefined: it is about a call of somebody who hears of nothing.
 */
export function targetOfLog (connection: Connection | undefined, about?: UpstreamCall): Target | 'everybody' | undefined {
  if (about !== undefined) return exactTarget(about)
  const { running, client, isOneClient } = candidates(connection)
  if (running.length === 0 || !isOneClient) return 'everybody'
  return client && onStreamOf(client, running)
}

function exactTarget (about: UpstreamCall): Target | undefined {
  if (!(about instanceof RelayedCall) || about.client === undefined || about.done) return undefined
  return { client: about.client, exchange: about.exchange, calls: [about] }
}

function onStreamOf (client: Client, running: readonly RelayedCall[]): Target {
  const newest = running.at(-1)
  return { client, exchange: running.length > 1 && client.hasReader ? undefined : newest?.exchange, calls: running }
}

interface Candidates {
  /** Calls the server is at, oldest first. */
  readonly running: RelayedCall[]
  /** Whose they are, and those given up a moment ago; undefined = nobody's or of a caller who cannot be asked. */
  readonly client: Client | undefined
  readonly isOneClient: boolean
  readonly hasLingering: boolean
}

function candidates (connection: Connection | undefined): Candidates {
  const running = presentOf(relayedCalls(connection?.inFlight))
  const lingering = relayedCalls(connection?.lingering)
  const client = (running[0] ?? lingering[0])?.client
  const isOneClient = running.every((call) => call.client === client) && lingering.every((call) => isSame(call.client, client))
  return { running, client, isOneClient, hasLingering: lingering.length > 0 }
}

/**
 * Without the calls whose client was sent away with a question: the server waits for its answer there and has nothing more to
 * ask, or somebody who never comes back would leave the others without an answer until then. They stay where they are all there is,
 * or somebody else's.
 */
function presentOf (running: RelayedCall[]): RelayedCall[] {
  const present = running.filter((call) => call.client?.isAway !== true)
  const [first] = present
  return first !== undefined && running.every((call) => call.client?.isAway !== true || isSame(call.client, first.client)) ? present : running
}

/**
 * May what was meant for a call that this one gave up be shown to that one? Every modern request is a client of its own, so
 * there it is enough that both came with one credential: nobody who gives up a call would be asked again otherwise.
 */
function isSame (one: Client | undefined, other: Client | undefined): boolean {
  return one === other || (one?.era === 'modern' && other?.era === 'modern' && one.principal.ownerKey === other.principal.ownerKey)
}

/** Client calls that the server has got: one that waits for its turn asks nothing. */
function relayedCalls (handles: Iterable<CallHandle> | undefined): RelayedCall[] {
  const calls: RelayedCall[] = []
  for (const { call, sent } of handles ?? []) {
    if (sent && call.origin instanceof RelayedCall && ASKABLE_METHODS.has(call.method)) calls.push(call.origin)
  }
  return calls
}
