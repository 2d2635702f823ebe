/** A bounded map that drops what was not used lately. */
export interface RecentMap<V> {
  get (key: string): V | undefined
  set (key: string, value: V): void
  delete (key: string): void
}

/**
 * Makes a map of at most `maxEntries`, in two generations: when the young one is half of it, it becomes the old one and
 * the old one is dropped. What was used since the last turn survives the next. Unlike a strict order of use, a hit on a
 * young entry writes nothing, and this is on the path of every call.
 */
export function createRecentMap<V> (maxEntries: number): RecentMap<V> {
  const half = Math.max(1, Math.floor(maxEntries / 2))
  let young = new Map<string, V>()
  let old = new Map<string, V>()

  function set (key: string, value: V): void {
    if (young.size >= half && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }

  return {
    get (key) {
      const recent = young.get(key)
      if (recent !== undefined) return recent
      const value = old.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
    delete (key) {
      young.delete(key)
      old.delete(key)
    }
  }
}
