/** Numbers from 0 to 1 that are the same for the same seed (mulberry32); what is drawn decides what a run does, so its seed repeats it. */
export function seeded (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of them; there must be one. */
export function pick<T> (random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}
