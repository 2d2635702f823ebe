import type { Clock } from '../shared/clock.ts'
import type { Principal } from '../shared/principal.ts'
import type { Judged } from './judged.ts'
import { createRecentMap } from './recent-map.ts'
import type { AuthRefusalReason } from './types.ts'

/** A revoked signing key stays good for this long at most after the key set has dropped it (T10). {@link Judged.keepMs} may be less. */
const ACCEPTED_MS = 60_000
/** Long enough to make a client's retries cheap, short enough not to outlive a repair by the operator. */
const REFUSED_MS = 5_000
/** About 10 MB of principals. */
const MAX_ACCEPTED = 10_000
/** Apart from the accepted ones, so that a flood of made-up tokens never drives a real one out. */
const MAX_REFUSED = 1_000

/** Refusals that a moment can change: a key that appears, an issuer that answers again, a start that comes. */
const PASSING: ReadonlySet<AuthRefusalReason> = new Set(['unknown_kid', 'jwks_unavailable', 'introspection_unavailable', 'revocations_unknown', 'not_yet_valid'])

/** Verdicts on tokens. Keys are SHA-256 digests of whole tokens, never parts of them (T12). */
export interface Verdicts {
  /** What was found out, if it still holds. The same object each time. */
  get (digest: string): Judged | undefined
  /** The principal of a verdict that may have lapsed: the same token names the same principal when it holds again. */
  principal (digest: string): Principal | undefined
  set (digest: string, judged: Judged): void
  /** Something was revoked: every verdict is found out anew. */
  lapse (): void
}

interface Kept {
  readonly judged: Judged
  /** Monotonic: a wall clock set back must not lengthen it (FR36). */
  readonly untilMs: number
  /** Wall clock: one set forward must end it (FR36). */
  readonly expiresAtMs: number
  readonly lapses: number
}

/** Makes an empty cache. It belongs to one snapshot of the settings: another snapshot begins with none. */
export function createVerdicts (clock: Clock): Verdicts {
  const accepted = createRecentMap<Kept>(MAX_ACCEPTED)
  const turnedDown = createRecentMap<Kept>(MAX_REFUSED)
  let lapses = 0
  return {
    get (digest) {
      const kept = accepted.get(digest) ?? turnedDown.get(digest)
      return kept !== undefined && kept.lapses === lapses && clock.nowMs() < kept.untilMs && clock.wallMs() < kept.expiresAtMs ? kept.judged : undefined
    },
    principal (digest) {
      const verdict = accepted.get(digest)?.judged.verdict
      return verdict?.ok === true ? verdict.value : undefined
    },
    set (digest, judged) {
      const { verdict, keepMs = ACCEPTED_MS } = judged
      if (!verdict.ok) {
        if (PASSING.has(verdict.error.reason)) return
        accepted.delete(digest)
        turnedDown.set(digest, { judged, untilMs: clock.nowMs() + REFUSED_MS, expiresAtMs: Infinity, lapses })
        return
      }
      const expiresAtMs = verdict.value.expiresAtMs ?? Infinity
      const lastsMs = Math.min(keepMs, expiresAtMs - clock.wallMs())
      accepted.set(digest, { judged, untilMs: clock.nowMs() + lastsMs, expiresAtMs, lapses })
    },
    lapse () { lapses++ }
  }
}
