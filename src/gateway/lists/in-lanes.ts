/** Runs `each` for every item, at most `lanes` of them at once, and gives the results in the items' order. Rejects with the first rejection. */
export async function inLanes<T, R> (lanes: number, items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const waiting = items.entries()
  async function lane (): Promise<void> {
    // One iterator for all lanes: each takes what comes next.
    for (const [index, item] of waiting) results[index] = await each(item)
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
  return results
}
