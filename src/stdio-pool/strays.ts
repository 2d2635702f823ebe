import { setTimeout as delay } from 'node:timers/promises'
import { taggedProcesses } from './tagged-processes.ts'

/** How long a stray may take to end after TERM: as long as the worker itself had. */
const GRACE_MS = 2000
/** How often strays that were told to end are looked for. */
const POLL_MS = 50
/** Looks until a worker counts as cleared: what a dying process forks meanwhile is found by the next. */
const MAX_LOOKS = 3
/** Between two looks for so many times what the first took: looking costs at most a tenth of a processor's time. */
const REST = 9

/** Ends what workers leave behind outside of their process groups. */
export interface Strays {
  /**
   * Ends every process whose environment holds this `NAME=value`: TERM, two seconds, KILL. Resolves when none is left, or
   * none that can be ended. Never rejects. Workers that end together are looked for together.
   */
  end (tag: string): Promise<void>
}

/** What {@link createStrays} needs. */
export interface StraysOptions {
  /** Processes that are no strays because they are workers that serve: they are not looked at. */
  readonly serving: () => ReadonlySet<number>
  readonly nowMs: () => number
  /** Default 2 000. */
  readonly graceMs?: number
}

/**
 * A daemon forks twice and leads a session of its own, so that killing the worker's group misses it (T44). It keeps the
 * environment it was started with, and in it the tag of its worker. One that wiped its environment is only found where the
 * sandbox keeps processes together.
 */
export function createStrays (options: StraysOptions): Strays {
  return new TaggedStrays(options)
}

interface Search { readonly tags: Set<string>, readonly found: Promise<ReadonlyMap<string, readonly number[]>> }

class TaggedStrays implements Strays {
  readonly #options: StraysOptions
  /** The look that has not begun yet, and takes in whoever asks until then. */
  #next: Search | undefined
  /** When the next look may begin. */
  #rested: Promise<void> = Promise.resolve()

  constructor (options: StraysOptions) {
    this.#options = options
  }

  async end (tag: string): Promise<void> {
    for (let look = 0; look < MAX_LOOKS; look++) {
      const pids = await this.#find(tag)
      if (pids.length === 0) return
      if (look === 0 && await this.#endedByTerm(pids)) continue
      for (const pid of await this.#find(tag)) signal(pid, 'SIGKILL')
    }
  }

  async #endedByTerm (pids: readonly number[]): Promise<boolean> {
    for (const pid of pids) signal(pid, 'SIGTERM')
    const { graceMs = GRACE_MS } = this.#options
    for (let waitedMs = 0; waitedMs < graceMs; waitedMs += POLL_MS) {
      await delay(POLL_MS)
      if (!pids.some((pid) => signal(pid, 0))) return true
    }
    return false
  }

  async #find (tag: string): Promise<readonly number[]> {
    this.#next ??= this.#schedule()
    const { tags, found } = this.#next
    tags.add(tag)
    return (await found).get(tag) ?? []
  }

  #schedule (): Search {
    const tags = new Set<string>()
    const { nowMs, serving } = this.#options
    let startedMs = 0
    const found = this.#rested.then(async () => {
      this.#next = undefined
      startedMs = nowMs()
      return await taggedProcesses(tags, serving())
    })
    this.#rested = found.then(async () => { await delay((nowMs() - startedMs) * REST) })
    return { tags, found }
  }
}

/** False: there is no such process, or none that may be signalled. */
function signal (pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}
