import { setTimeout as pause } from 'node:timers/promises'

/** How often a condition is looked at. Short: the wait ends as soon as the thing has happened. */
const LOOK_EVERY_MS = 15

/**
 * Waits for a condition instead of sleeping: resolves with the first value that is neither false, null nor undefined.
 * @param what named in the error, as "… did not happen within … ms"
 * @throws when `deadlineMs` has passed; the last error of `look`, if any, is the cause
 */
export async function until<T> (what: string, look: () => T | Promise<T>, deadlineMs = 10_000): Promise<NonNullable<Exclude<T, false>>> {
  const endMs = performance.now() + deadlineMs
  let lastError: unknown
  for (;;) {
    try {
      const value = await look()
      lastError = undefined
      if (value !== false && value !== null && value !== undefined) return value as NonNullable<Exclude<T, false>>
    } catch (error) {
      lastError = error
    }
    if (performance.now() > endMs) throw new Error(`${what}: did not happen within ${deadlineMs} ms`, { cause: lastError })
    await pause(LOOK_EVERY_MS)
  }
}
