/** No server decides for longer than this (T23). */
export const MAX_TTL_MS = 300_000

/** Share of a time by which it varies, so that what was read together does not end together (FR17). */
const JITTER = 0.1

/**
 * A time of the operator's own, a tenth more or less.
 * @param random 0 to 1
 */
export function jittered (ttlMs: number, random: number): number {
  return ttlMs * (1 + JITTER * (2 * random - 1))
}

/** A time that a server gave: never longer than it said, nor than {@link MAX_TTL_MS}; up to a tenth less. */
export function jitteredHint (ttlMs: number, random: number): number {
  return Math.min(ttlMs, MAX_TTL_MS) * (1 - JITTER * random)
}
