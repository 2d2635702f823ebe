/** Numbers in [0, 1). */
export type Random = () => number

/** The same numbers for the same seed, so that a failure can be run again (mulberry32). */
export function seeded (seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of them; there must be one. */
export function pick<T> (random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}
