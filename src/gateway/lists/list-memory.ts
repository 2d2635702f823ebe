import type { Place } from '../../upstream/index.ts'
import { BoundedMap } from './bounded-map.ts'
import { listsOfCapability, type ListMethod } from './list-method.ts'
import type { ServerList } from './server-list.ts'

/** A list that was read, and when. */
export interface KeptList {
  readonly list: ServerList
  /** Monotonic milliseconds. */
  readonly atMs: number
}

/** A list that is being read, by everybody who wants the same one. */
export interface Flight {
  readonly startedMs: number
  /** Undefined as for `readServerList`. */
  readonly settled: Promise<ServerList | undefined>
}

/** How long a server may be down before its last good list is no longer shown. */
const MAX_AGE_MS = 3_600_000
/** Parsed lists take two to four times their text in memory. */
const BOUNDS = { maxEntries: 10_000, maxChars: 32_000_000, maxEntryChars: 2_000_000 }

/**
 * The last good list of every worker key, and the lists that are being read. The key is the worker's own and the method, so
 * that two callers meet here only where they would be answered by the same worker (T22, T24): effective entry, tenant, user
 * and capabilities as the server's isolation wants them. Lists are kept as servers gave them; what a caller may see is decided
 * each time. Nothing but whole lists is kept: no errors, no parts.
 */
export class ListMemory {
  readonly #nowMs: () => number
  readonly #kept = new BoundedMap<KeptList>(BOUNDS)
  readonly #flights = new Map<string, Flight>()

  constructor (nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The last good list; undefined = there is none, it has changed since, or it is older than an hour. */
  last (place: Place, list: ListMethod): KeptList | undefined {
    const kept = this.#kept.get(keyOf(place, list))
    return kept !== undefined && this.#nowMs() - kept.atMs <= MAX_AGE_MS ? kept : undefined
  }

  /** Reads a list, or waits with those who are at it (FR17). Whoever goes away does not take it from the others. */
  read (place: Place, list: ListMethod, start: () => Promise<ServerList | undefined>): Flight {
    const key = keyOf(place, list)
    const running = this.#flights.get(key)
    if (running !== undefined) return running
    const flight: Flight = {
      startedMs: this.#nowMs(),
      settled: start().then((read) => this.#landed(key, flight, read), (thrown: unknown) => {
        this.#landed(key, flight, undefined)
        throw thrown
      })
    }
    this.#flights.set(key, flight)
    return flight
  }

  /** One that was overtaken by a change is handed to those who waited, and not kept. */
  #landed (key: string, flight: Flight, read: ServerList | undefined): ServerList | undefined {
    if (this.#flights.get(key) !== flight) return read
    this.#flights.delete(key)
    if (read?.isWhole === true) this.#kept.set(key, { list: read, atMs: this.#nowMs() }, read.chars)
    return read
  }

  /** The worker says that these lists have changed: what is known of them is no longer good. @param capability `tools`, `prompts` or `resources` */
  changed (place: Place, capability: string): void {
    for (const list of listsOfCapability(capability)) {
      const key = keyOf(place, list)
      this.#kept.delete(key)
      this.#flights.delete(key)
    }
  }
}

function keyOf (place: Place, { method }: ListMethod): string {
  return `${place.key} ${method}`
}
