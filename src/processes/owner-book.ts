import { hash } from 'node:crypto'

/** Who owns whom, as the primary keeps it for all. */
export interface OwnerBook {
  /** @param claimer index of the process that asks, because a request of the key reached it */
  ownerOf (key: string, claimer: number): number
}

/** Some 30 MB of keys; those beyond have an owner by their hash, for good. */
const MAX_KEYS = 200_000
/** How many keys more than the one that has fewest a process may own, before others are sent there. */
const SLACK = 2
/** The same as a part of what each would own if all owned the same. */
const SLACK_PART = 0.1

/**
 * A key belongs to the process that its first request reached: clients keep their connection, so most of their requests
 * need not be handed over. Unless that process has too many already. An owner is never changed while the primary lives, not
 * by a process that is replaced either: its callers go where they went.
 */
export function createOwnerBook (count: number): OwnerBook {
  const owners = new Map<string, number>()
  const owned = Array.from({ length: count }, () => 0)
  return {
    ownerOf (key, claimer) {
      const known = owners.get(key)
      if (known !== undefined) return known
      if (owners.size >= MAX_KEYS) return Number.parseInt(hash('sha256', key).slice(0, 8), 16) % count
      const fewest = Math.min(...owned)
      const most = fewest + Math.max(SLACK, Math.floor(owners.size / count * SLACK_PART))
      const owner = (owned[claimer] ?? 0) < most ? claimer : owned.indexOf(fewest)
      owners.set(key, owner)
      owned[owner] = (owned[owner] ?? 0) + 1
      return owner
    }
  }
}
