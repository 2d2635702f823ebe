import type { ServerSettings } from '../shared/settings/server.ts'
import { RunningUsers } from './running-users.ts'

/** What happened longer ago says nothing about now. */
const WINDOW_MS = 60_000
/** With fewer users failing it may be them: a wrong path, a wrong key. Their own back-off holds them. */
const MIN_FAILING = 4
/** First time that no start is tried at all; doubles with each probe that fails. */
const FIRST_OPEN_MS = 2000
const MAX_OPEN_MS = 30_000
/** A probe that says nothing for so long is given up and another caller becomes one. */
const PROBE_MS = 30_000
/** Who meets a probe comes again so soon. */
const AFTER_PROBE_MS = 1000

/**
 * Stops starts of a server that is broken for more than half of those who use it (FR04): each user's own back-off would
 * let every one of a thousand find out for themselves. While open, nothing is started; then one caller's start is the
 * probe, and all wait for what becomes of it.
 */
export interface ServerBreaker {
  /** Milliseconds until a start of this server may be tried; 0 = now. Who is told 0 starts, and says what came of it. */
  waitMs (server: string): number
  started (server: string, user: string): void
  /** What was started has ended, in whatever way: once for each `started`. */
  ended (server: string, user: string): void
  failed (server: string, user: string): void
  /** A start came to nothing for reasons that are not the server's. */
  withdrawn (server: string): void
  /** It was found by other means that the server works: starts may be tried. */
  forgive (server: string): void
}

/** One entry: a changed one is another server. */
export function breakerKey ({ name, entryHash }: Pick<ServerSettings, 'name' | 'entryHash'>): string {
  return `${name} ${entryHash}`
}

interface User { readonly failed: boolean, readonly atMs: number }

interface Circuit {
  /** What came of the last start of each user; the one that started last is the last. */
  readonly users: Map<string, User>
  /** 0 = closed. */
  openMs: number
  openUntilMs: number
  probeUntilMs: number
}

/** @param random 0 <= x < 1: an open time is between three quarters and all of its step, so that replicas do not probe at once */
export function createServerBreaker (nowMs: () => number, random: () => number = Math.random): ServerBreaker {
  const circuits = new Map<string, Circuit>()
  const running = new RunningUsers()

  function circuitOf (server: string): Circuit {
    let circuit = circuits.get(server)
    if (circuit === undefined) {
      circuit = { users: new Map(), openMs: 0, openUntilMs: 0, probeUntilMs: 0 }
      circuits.set(server, circuit)
    }
    return circuit
  }

  function open (circuit: Circuit): void {
    circuit.openMs = Math.min(MAX_OPEN_MS, circuit.openMs === 0 ? FIRST_OPEN_MS : circuit.openMs * 2)
    circuit.openUntilMs = nowMs() + circuit.openMs * (0.75 + random() / 4)
    circuit.probeUntilMs = 0
  }

  return {
    waitMs (server) {
      const circuit = circuits.get(server)
      if (circuit === undefined || circuit.openMs === 0) return 0
      const now = nowMs()
      if (now < circuit.openUntilMs) return circuit.openUntilMs - now
      if (now < circuit.probeUntilMs) return AFTER_PROBE_MS
      circuit.probeUntilMs = now + PROBE_MS
      return 0
    },
    started (server, user) {
      running.add(server, user)
      const circuit = circuitOf(server)
      if (circuit.openMs > 0) {
        // It works again: what was found out before is of no use.
        circuits.delete(server)
        return
      }
      note(circuit.users, user, { failed: false, atMs: nowMs() })
    },
    ended (server, user) { running.remove(server, user) },
    failed (server, user) {
      const circuit = circuitOf(server)
      note(circuit.users, user, { failed: true, atMs: nowMs() })
      if (circuit.openMs > 0 ? circuit.probeUntilMs > 0 : isBroken(circuit.users, running.of(server))) open(circuit)
    },
    withdrawn (server) {
      const circuit = circuits.get(server)
      if (circuit !== undefined) circuit.probeUntilMs = 0
    },
    forgive (server) { circuits.delete(server) }
  }
}

/** Keeps the map in order of time, and forgets what is old: only starts pay, so the cost is theirs. */
function note (users: Map<string, User>, user: string, outcome: User): void {
  users.delete(user)
  users.set(user, outcome)
  for (const [other, { atMs }] of users) {
    if (outcome.atMs - atMs < WINDOW_MS) return
    users.delete(other)
  }
}

/** Those whom it serves count as well, however long ago they started: on a quiet server a few who fail are not everybody. */
function isBroken (users: ReadonlyMap<string, User>, running: ReadonlyMap<string, number>): boolean {
  let failing = 0
  for (const { failed } of users.values()) if (failed) failing += 1
  let all = users.size
  for (const user of running.keys()) if (!users.has(user)) all += 1
  return failing >= MIN_FAILING && failing * 2 > all
}
