import type { Revocation, RevocationStore } from '../../../src/auth/index.ts'
import { revocationText, readRevocation } from '../../../src/auth/index.ts'

/** A store in the test's hands, as several gateways see it. */
export interface MemoryStore extends RevocationStore {
  readonly texts: Set<string>
  isAway: boolean
  reads: number
}

export function memoryStore (): MemoryStore {
  const watchers = new Set<() => void>()
  const texts = new Set<string>()
  const store: MemoryStore = {
    texts,
    isAway: false,
    reads: 0,
    async read () {
      store.reads++
      if (store.isAway) throw new Error('away')
      return [...texts].map(readRevocation).filter((entry): entry is Revocation => entry !== undefined)
    },
    async add (entry) {
      if (store.isAway) throw new Error('away')
      texts.add(revocationText(entry))
      for (const watcher of [...watchers]) watcher()
    },
    watch (onAdded) {
      watchers.add(onAdded)
      return () => { watchers.delete(onAdded) }
    }
  }
  return store
}
