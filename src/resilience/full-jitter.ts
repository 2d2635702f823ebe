/**
 * How long to wait before a try: anything up to a step that doubles, so that those who failed together do not come back together.
 * @param attempt 0 for the first wait
 * @param firstMs the first step, milliseconds
 * @param maxMs no step is longer, milliseconds
 * @param random 0 <= x < 1
 */
export function fullJitterMs (attempt: number, firstMs: number, maxMs: number, random: () => number): number {
  return Math.min(maxMs, firstMs * 2 ** attempt) * random()
}
