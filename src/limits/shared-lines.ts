import type { SharedLine } from './shared-line.ts'

/** Pause between two looks at the lines, in milliseconds; the half of it is by chance, so that replicas do not ask in step. */
const PAUSE_MS = 40
/** Lines whose first asks at one look: so no number of lines makes more than some two thousand questions a second. */
const MAX_AT_ONCE = 64
/** A turn is kept for as many looks: one that is late loses nobody their place. */
const LOOKS_KEPT = 6

/**
 * All lines in front of slots that other replicas hold. Nobody tells this process when those give some back, so the first of
 * each line asks again every few milliseconds; what this process itself gives back wakes them at once.
 */
export class SharedLines {
  #lines: SharedLine[] = []
  #timer: NodeJS.Timeout | undefined

  /** How long the turn of whoever asks now has to be kept, in milliseconds. */
  get keptMs (): number {
    return PAUSE_MS * LOOKS_KEPT * Math.max(1, Math.ceil(this.#lines.length / MAX_AT_ONCE))
  }

  /** Somebody waits there now. */
  watch (line: SharedLine): void {
    if (!line.isWatched) this.#lines.push(line)
    line.isWatched = true
    this.#timer ??= setTimeout(this.#look, pauseMs())
  }

  close (): void {
    clearTimeout(this.#timer)
    for (const line of this.#lines.splice(0)) line.close()
  }

  readonly #look = (): void => {
    const all = this.#lines.filter((line) => { line.isWatched = line.isBlocked; return line.isBlocked })
    const some = all.slice(0, MAX_AT_ONCE)
    this.#lines = [...all.slice(MAX_AT_ONCE), ...some]
    this.#timer = all.length === 0 ? undefined : setTimeout(this.#look, pauseMs())
    for (const line of some) line.wake()
  }
}

function pauseMs (): number {
  return PAUSE_MS * (0.5 + Math.random() / 2)
}
