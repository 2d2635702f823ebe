import type { CryptoKey } from 'jose'
import type { Clock } from '../../shared/clock.ts'
import type { AuthEvents, KeySetState } from '../types.ts'
import type { FetchKeys } from './discovery.ts'
import { importKeys } from './import-keys.ts'
import type { VerificationKey } from './import-keys.ts'
import { createMisses } from './misses.ts'

/** After this age the next use waits for a new set, so that a key taken out of the set ends (T08). */
export const MAX_AGE_MS = 600_000
/** From half the age on a new set is fetched in the background, so that in traffic nobody ever waits for it. */
export const REFRESH_AGE_MS = MAX_AGE_MS / 2
/** How long past its maximum age a set serves while no newer one can be had. */
export const STALE_GRACE_MS = 3_600_000
/** No fetch sooner than this after a good one, whatever key ids tokens name (T07). */
export const COOLDOWN_MS = 30_000
/** Pause after the first failed fetch; doubled with each further one, up to the longest. */
export const FIRST_RETRY_MS = 1_000
export const LONGEST_RETRY_MS = 60_000
/** A fetch that takes longer has failed. */
export const FETCH_TIMEOUT_MS = 5_000

/** A key, or why there is none. */
export type KeyAnswer = CryptoKey | 'unknown_kid' | 'jwks_unavailable'

/** The verification keys of one issuer. */
export interface KeySet {
  /**
   * The one key for this key id and algorithm; without a key id, the only key for the algorithm. Waits only if the
   * answer hangs on a fetch; never rejects.
   */
  find (kid: string | undefined, alg: string): KeyAnswer | Promise<KeyAnswer>
  state (): KeySetState
  /** Fetches if that is due, without waiting: keeps a gateway without traffic coming back by itself. */
  nudge (): void
  close (): void
}

/** What {@link createKeySet} needs. */
export interface KeySetParts {
  readonly issuer: string
  readonly algorithms: ReadonlySet<string>
  readonly clock: Clock
  readonly fetchKeys: FetchKeys
  readonly events: AuthEvents | undefined
}

/** Makes the key set and begins its first fetch. Written out in the table of the room's index. */
export function createKeySet (parts: KeySetParts): KeySet {
  const { issuer, algorithms, clock } = parts
  const closing = new AbortController()
  const misses = createMisses(clock)
  let keys: readonly VerificationKey[] = []
  let fetchedAtMs = -Infinity
  let failures = 0
  let notBeforeMs = -Infinity
  let fetching: Promise<void> | undefined

  const ageMs = (): number => clock.nowMs() - fetchedAtMs
  const isUsable = (): boolean => ageMs() <= MAX_AGE_MS + STALE_GRACE_MS

  async function refresh (): Promise<void> {
    try {
      keys = await importKeys(await fetchInTime(parts, closing.signal), algorithms)
      fetchedAtMs = clock.nowMs()
      failures = 0
      notBeforeMs = fetchedAtMs + COOLDOWN_MS
      parts.events?.jwksFetched(issuer, 'ok')
    } catch (error) {
      notBeforeMs = clock.nowMs() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures)
      failures++
      parts.events?.jwksFetched(issuer, 'failed', reasonOf(error))
    } finally {
      fetching = undefined
    }
  }

  function beginIfDue (): void {
    if (fetching === undefined && !closing.signal.aborted && clock.nowMs() >= notBeforeMs) fetching = refresh()
  }

  /** One fetch at a time for all callers; `undefined` if none runs and none may begin yet. */
  function refreshIfDue (): Promise<void> | undefined {
    beginIfDue()
    return fetching
  }

  function pick (kid: string | undefined, alg: string): CryptoKey | undefined {
    const fitting = keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === kid))
    return fitting.length === 1 ? fitting[0]?.key : undefined
  }

  function answer (kid: string | undefined, alg: string): KeyAnswer {
    if (!isUsable()) return 'jwks_unavailable'
    return pick(kid, alg) ?? 'unknown_kid'
  }

  function findUnknown (kid: string | undefined, alg: string): KeyAnswer | Promise<KeyAnswer> {
    if (misses.has(kid, alg)) return 'unknown_kid'
    return refreshIfDue()?.then(() => {
      const late = answer(kid, alg)
      if (late === 'unknown_kid') misses.add(kid, alg)
      return late
    }) ?? 'unknown_kid'
  }

  beginIfDue()
  return {
    find (kid, alg) {
      if (ageMs() > REFRESH_AGE_MS) {
        const wasFailing = failures > 0
        const due = refreshIfDue()
        // Overdue: wait for the newer set, unless the issuer is known to be down and what we have is still good.
        if (due !== undefined && ageMs() > MAX_AGE_MS && !(wasFailing && isUsable())) return due.then(() => answer(kid, alg))
        if (!isUsable()) return 'jwks_unavailable'
      }
      return pick(kid, alg) ?? findUnknown(kid, alg)
    },
    state: () => ({ issuer, usable: isUsable(), staleS: failures > 0 && isUsable() ? Math.max(0, Math.ceil((ageMs() - MAX_AGE_MS) / 1000)) : 0 }),
    nudge () {
      if (ageMs() > REFRESH_AGE_MS) beginIfDue()
    },
    close () {
      closing.abort()
    }
  }
}

/** The fetch with its deadline, which holds even for a transport that does not look at its signal. */
async function fetchInTime ({ fetchKeys }: KeySetParts, closing: AbortSignal): Promise<unknown> {
  const attempt = new AbortController()
  const timer = setTimeout(() => attempt.abort(new Error(`no answer within ${FETCH_TIMEOUT_MS} ms`)), FETCH_TIMEOUT_MS)
  const stop = (): void => attempt.abort(new Error('the authenticator was closed'))
  closing.addEventListener('abort', stop)
  const aborted = new Promise<never>((_resolve, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason))
  })
  try {
    return await Promise.race([fetchKeys(attempt.signal), aborted])
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', stop)
  }
}

function reasonOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
