import type { WorkerOwner } from './types.ts'

/** Lets a bounded number through at once; the rest wait in order of arrival (FR03). */
export interface StartingLine {
  /** Resolves when it is the turn of this caller, who starts a worker for `owner`. Rejects with the signal's reason if that comes first. */
  enter (owner: WorkerOwner, signal: AbortSignal): Promise<void>
  /** Frees one place. */
  leave (): void
}

/** `max` is asked each time, so that a reloaded bound holds for the next in line. */
export function createStartingLine (max: () => number): StartingLine {
  const waiting = new Set<() => void>()
  let inside = 0

  function enter (_owner: WorkerOwner, signal: AbortSignal): Promise<void> {
    // An abort that has happened sends no event any more.
    if (signal.aborted) return Promise.reject(signal.reason)
    if (waiting.size === 0 && inside < max()) {
      inside += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const enterNow = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        waiting.delete(enterNow)
        reject(signal.reason)
      }
      waiting.add(enterNow)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  function leave (): void {
    inside -= 1
    for (const enterNow of waiting) {
      if (inside >= max()) return
      waiting.delete(enterNow)
      inside += 1
      enterNow()
    }
  }

  return { enter, leave }
}
