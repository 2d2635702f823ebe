import type { NetworkNamespace } from './make-namespace.ts'

/** A spare is made when the worker that took the last one is likely to have started, so as not to slow it down. Milliseconds. */
const REFILL_AFTER_MS = 250

/** Namespaces that are ready before somebody needs them. */
export interface SpareNamespaces {
  /** A ready one, or a new one. Never one that was taken before. @throws Error when none can be made */
  take (): Promise<NetworkNamespace>
  close (): Promise<void>
}

/**
 * Keeps up to `count` namespaces ready from the first `take` on.
 * @param make the one way to make one
 */
export function createSpareNamespaces (count: number, make: () => Promise<NetworkNamespace>): SpareNamespaces {
  const ready: NetworkNamespace[] = []
  let refilling: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  const closing = new AbortController()

  const refill = async (): Promise<void> => {
    while (!closing.signal.aborted && ready.length < count) {
      const made = await make().catch(() => undefined)
      // The next worker makes its own, and is told what is wrong.
      if (made === undefined) return
      if (closing.signal.aborted) made.close()
      else ready.push(made)
    }
  }
  const refillLater = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => { refilling ??= refill().finally(() => { refilling = undefined }) }, REFILL_AFTER_MS).unref()
  }
  return {
    async take () {
      refillLater()
      return ready.shift() ?? await make()
    },
    async close () {
      closing.abort()
      clearTimeout(timer)
      await refilling
      for (const namespace of ready.splice(0)) namespace.close()
    }
  }
}
