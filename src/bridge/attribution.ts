import type { Exchange, Session } from '../session/index.ts'
import type { CallHandle, Connection } from '../upstream/index.ts'
import { RelayedCall } from './relayed-call.ts'

/** To whom something goes that a server asks or says of its own accord. */
export interface Target {
  readonly session: Session
  /** The request on whose stream it goes; undefined = the session's GET stream. */
  readonly exchange: Exchange | undefined
  /** The calls it may be about. */
  readonly calls: readonly RelayedCall[]
}

/** Requests during which a server may ask something. */
const ASKABLE_METHODS = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete'])

/**
 * Whom a question is for (rulings 4). One call in flight: that call's own stream. Several of one session: its GET stream if
 * it has one, else the newest POST. Several sessions, or a caller without one: nobody, because a wrong guess would show one
 * client's question to another (T20). No call: the one session there is; for roots, the one that came last.
 */
export function targetOfAsk (connection: Connection | undefined, sessions: ReadonlySet<Session>, method: string): Target | undefined {
  const { running, session, isOneSession, hasLingering } = candidates(connection)
  if (!isOneSession) return undefined
  if (running.length > 0) return session && onStreamOf(session, running)
  // Its call was given up: there is nobody to ask any more, but roots belong to no call.
  if (hasLingering) return session && method === 'roots/list' ? { session, exchange: undefined, calls: [] } : undefined
  if (sessions.size > 1 && method !== 'roots/list') return undefined
  const newest = [...sessions].at(-1)
  return newest && { session: newest, exchange: undefined, calls: [] }
}

/**
 * Whom a log line is for. `everybody`: it can be told from no call, so it goes to every session, provided that all are one
 * user's. Undefined: it is about a call of somebody without a session.
 */
export function targetOfLog (connection: Connection | undefined): Target | 'everybody' | undefined {
  const { running, session, isOneSession } = candidates(connection)
  if (running.length === 0 || !isOneSession) return 'everybody'
  return session && onStreamOf(session, running)
}

function onStreamOf (session: Session, running: readonly RelayedCall[]): Target {
  const newest = running.at(-1)
  return { session, exchange: running.length > 1 && session.hasReader ? undefined : newest?.exchange, calls: running }
}

interface Candidates {
  /** Calls the server is at, oldest first. */
  readonly running: RelayedCall[]
  /** Whose they are, and those given up a moment ago; undefined = nobody's or of a caller without a session. */
  readonly session: Session | undefined
  readonly isOneSession: boolean
  readonly hasLingering: boolean
}

function candidates (connection: Connection | undefined): Candidates {
  const running = relayedCalls(connection?.inFlight)
  const lingering = relayedCalls(connection?.lingering)
  const all = [...lingering, ...running]
  const session = all[0]?.session
  return { running, session, isOneSession: all.every((call) => call.session === session), hasLingering: lingering.length > 0 }
}

function relayedCalls (handles: Iterable<CallHandle> | undefined): RelayedCall[] {
  const calls: RelayedCall[] = []
  for (const { sent, call: { origin } } of handles ?? []) {
    if (sent && origin instanceof RelayedCall && ASKABLE_METHODS.has(origin.method)) calls.push(origin)
  }
  return calls
}
