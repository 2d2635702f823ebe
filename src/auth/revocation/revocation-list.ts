import type { Clock } from '../../shared/clock.ts'
import { identityOf } from './revocation.ts'
import type { Revocation, Revoked } from './revocation.ts'

/** Entries by what they are about. */
export interface RevocationList {
  has (revoked: Exclude<Revoked, { kind: 'user' }>): boolean
  /** When this user's tokens were revoked last, wall clock. */
  userAtMs (tenant: string, user: string): number | undefined
  /** Takes entries in; of two about the same thing the later one holds. @returns those that say something new */
  merge (entries: readonly Revocation[]): readonly Revocation[]
  /** Entries that these lack. */
  missingIn (entries: readonly Revocation[]): readonly Revocation[]
}

/** An empty list. What has expired is left out as it is come upon. */
export function createRevocationList (clock: Clock): RevocationList {
  const byIdentity = new Map<string, Revocation>()

  function live (identity: string): Revocation | undefined {
    const entry = byIdentity.get(identity)
    return entry === undefined || entry.untilMs <= clock.wallMs() ? undefined : entry
  }

  function take (entry: Revocation): boolean {
    const identity = identityOf(entry.revoked)
    const known = live(identity)
    if (entry.untilMs <= clock.wallMs() || (known !== undefined && known.untilMs >= entry.untilMs && !isLater(entry.revoked, known.revoked))) return false
    byIdentity.set(identity, entry)
    return known === undefined || isLater(entry.revoked, known.revoked)
  }

  return {
    has: (revoked) => byIdentity.size > 0 && live(identityOf(revoked)) !== undefined,
    userAtMs (tenant, user) {
      if (byIdentity.size === 0) return undefined
      const revoked = live(identityOf({ kind: 'user', tenant, user, atMs: 0 }))?.revoked
      return revoked?.kind === 'user' ? revoked.atMs : undefined
    },
    merge (entries) {
      for (const [identity, { untilMs }] of byIdentity) if (untilMs <= clock.wallMs()) byIdentity.delete(identity)
      return entries.filter(take)
    },
    missingIn (entries) {
      const there = new Map(entries.map((entry) => [identityOf(entry.revoked), entry]))
      return [...byIdentity].filter(([identity, mine]) => {
        const theirs = there.get(identity)
        return live(identity) !== undefined && (theirs === undefined || theirs.untilMs < mine.untilMs || isLater(mine.revoked, theirs.revoked))
      }).map(([, entry]) => entry)
    }
  }
}

/** A user's tokens can be revoked again: the later time holds. */
function isLater (one: Revoked, other: Revoked): boolean {
  return one.kind === 'user' && other.kind === 'user' && one.atMs > other.atMs
}
