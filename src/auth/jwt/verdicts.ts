import type { Clock } from '../../shared/clock.ts'
import type { Principal } from '../../shared/principal.ts'
import type { Result } from '../../shared/result.ts'
import type { AuthRefusal, AuthRefusalReason } from '../types.ts'
import { createRecentMap } from './recent-map.ts'

type Verdict = Result<Principal, AuthRefusal>

/** A revoked signing key stays good for this long at most after the key set has dropped it (T10). */
const ACCEPTED_MS = 60_000
/** Long enough to make a client's retries cheap, short enough not to outlive a repair by the operator. */
const REFUSED_MS = 5_000
/** About 10 MB of principals. */
const MAX_ACCEPTED = 10_000
/** Apart from the accepted ones, so that a flood of made-up tokens never drives a real one out. */
const MAX_REFUSED = 1_000

/** Refusals that a moment can change: a key that appears, an issuer that answers again, a start that comes. */
const PASSING: ReadonlySet<AuthRefusalReason> = new Set(['unknown_kid', 'jwks_unavailable', 'not_yet_valid'])

/** Verdicts on tokens. Keys are SHA-256 digests of whole tokens, never parts of them (T12). */
export interface Verdicts {
  /** The verdict, if it still holds. The same object each time. */
  get (digest: string): Verdict | undefined
  /** The principal of a verdict that may have lapsed: the same token names the same principal when it holds again. */
  principal (digest: string): Principal | undefined
  set (digest: string, verdict: Verdict): void
}

interface Kept {
  readonly verdict: Verdict
  /** Monotonic: a wall clock set back must not lengthen it (FR36). */
  readonly untilMs: number
  /** Wall clock: one set forward must end it (FR36). */
  readonly expiresAtMs: number
}

/** Makes an empty cache. It belongs to one snapshot of the settings: another snapshot begins with none. */
export function createVerdicts (clock: Clock): Verdicts {
  const accepted = createRecentMap<Kept>(MAX_ACCEPTED)
  const turnedDown = createRecentMap<Kept>(MAX_REFUSED)
  return {
    get (digest) {
      const kept = accepted.get(digest) ?? turnedDown.get(digest)
      return kept !== undefined && clock.nowMs() < kept.untilMs && clock.wallMs() < kept.expiresAtMs ? kept.verdict : undefined
    },
    principal (digest) {
      const kept = accepted.get(digest)
      return kept?.verdict.ok === true ? kept.verdict.value : undefined
    },
    set (digest, verdict) {
      if (!verdict.ok) {
        if (PASSING.has(verdict.error.reason)) return
        accepted.delete(digest)
        turnedDown.set(digest, { verdict, untilMs: clock.nowMs() + REFUSED_MS, expiresAtMs: Infinity })
        return
      }
      const expiresAtMs = verdict.value.expiresAtMs ?? Infinity
      const lastsMs = Math.min(ACCEPTED_MS, expiresAtMs - clock.wallMs())
      accepted.set(digest, { verdict, untilMs: clock.nowMs() + lastsMs, expiresAtMs })
    }
  }
}
