import type { Relay } from '../../bridge/index.ts'
import { jittered, jitteredHint, type Kept } from '../../cache/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'

/** A list that is over is handed out for so much longer while it is read anew (FR17). */
const STALE_MS = 60_000

/** What a server said of one answer's life. */
export interface Answered {
  /** Its own time, in milliseconds; undefined = it gave none. */
  readonly ttlMs: number | undefined
  /** The server tells of changes, or gave a time: nobody's use of it makes it void. */
  readonly isVouched: boolean
}

/** Reusable as it is, reusable while it is read anew, or not. */
export type Freshness = 'fresh' | 'stale' | 'over'

/**
 * How good something is that was kept. An answer of a connection that has ended is over: another process may have others. So
 * is one that nobody vouches for once its caller has used a tool, because that may have changed it.
 * @param relay undefined = it is a public answer, and of no connection in particular
 */
export function freshnessOf ({ value, atMs, ttlMs, isDoubtful }: Kept<Answered>, relay: Relay | undefined, server: ServerSettings, nowMs: number): Freshness {
  if (ttlMs <= 0 || isDoubtful) return 'over'
  if (relay !== undefined && (!isOfThisConnection(atMs, relay) || isUsedSince(value, atMs, relay, server))) return 'over'
  const ageMs = nowMs - atMs
  if (ageMs < ttlMs) return 'fresh'
  return ageMs < ttlMs + STALE_MS ? 'stale' : 'over'
}

/** Of a worker of many users, only the time counts: somebody uses it always. */
function isUsedSince ({ isVouched }: Answered, atMs: number, { usedAtMs }: Relay, { isolation }: ServerSettings): boolean {
  return !isVouched && isolation !== 'shared' && isolation !== 'tenant' && atMs <= usedAtMs
}

/** Before there ever was one here, what another replica read counts. */
function isOfThisConnection (atMs: number, { place: { connection }, wasConnected }: Relay): boolean {
  return connection?.open === true ? atMs >= connection.openedAtMs : !wasConnected
}

/** For how many milliseconds an answer is kept: as its server says, or as the operator does. */
export function lifeOf ({ ttlMs }: Answered, ownMs: number): number {
  return ttlMs === undefined ? jittered(ownMs, Math.random()) : jitteredHint(ttlMs, Math.random())
}

/** What is left of a server's own time, in whole milliseconds; undefined = it gave none. */
export function leftOf ({ value, atMs }: Kept<Answered>, nowMs: number): number | undefined {
  return value.ttlMs === undefined ? undefined : Math.max(0, Math.floor(value.ttlMs - (nowMs - atMs)))
}
