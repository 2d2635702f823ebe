import type { KnownKey } from './verify-heads.ts'
import { headFault, keyOfChain } from './verify-heads.ts'
import type { ChainLine } from './verify-line.ts'

/** Heads come every five seconds in which something is recorded; a minute without one is not the gateway's work. */
const MOST_UNSIGNED_MS = 60_000
/** How far back a line is known that stands there twice. */
const RECENT_LINES = 2000

/** Where a line stands, for whoever looks it up. */
export interface LinePlace {
  readonly file: string
  /** From 1. */
  readonly number: number
}

/** What was found at a line. */
export interface Finding extends LinePlace {
  readonly message: string
}

/** One chain, line by line. */
export class ChainCheck {
  readonly problems: Finding[] = []
  readonly notices: Finding[] = []
  readonly #known: KnownKey | undefined
  #own: KnownKey | undefined
  #next = 0
  #digest = ''
  #last: LinePlace
  #lastTimeMs = 0
  #unsigned = 0
  #unsignedSinceMs: number | undefined
  #heads = 0
  #isClosed = false
  /** A line that does not name the one before it: the next line says which of the two was altered. */
  #suspect: { readonly before: LinePlace, readonly at: LinePlace } | undefined
  readonly #recent = new Map<number, string>()

  /** @param known the key that heads must be signed with; absent = whatever key the chain itself names */
  constructor (first: ChainLine, place: LinePlace, known: KnownKey | undefined) {
    this.#known = known
    this.#last = place
    this.#next = first.seq
    this.#digest = first.prev
    if (first.audit === 'chain') this.#own = keyOfChain(first)
  }

  get heads (): number { return this.#heads }
  get isClosed (): boolean { return this.#isClosed }
  get isSuspect (): boolean { return this.#suspect !== undefined }

  /** @param torn the line before it, if that is no JSON */
  line (line: ChainLine, place: LinePlace, torn: LinePlace | undefined): void {
    if (line.seq < this.#next) return this.#earlier(line, place)
    if (line.seq > this.#next) this.#missing(line.seq - this.#next, place, torn)
    else this.#link(line, place)
    this.#next = line.seq + 1
    this.#digest = line.digest
    this.#last = place
    this.#lastTimeMs = line.timeMs
    this.#remember(line)
    this.#signed(line, place)
  }

  /** Nothing follows in what was given. */
  end (): void {
    if (this.#suspect !== undefined) this.#altered(this.#suspect.before)
    if (this.#heads === 0 && this.#unsigned > 2) this.#problem(this.#last, 'ends a chain without any signed head')
    else if (!this.#isClosed) this.#notice(this.#last, `is the last of a chain that was not closed: its gateway runs, or was killed; ${counted(this.#unsigned)} behind the last signed head`)
  }

  #link (line: ChainLine, place: LinePlace): void {
    const isLinked = line.prev === this.#digest
    if (this.#suspect !== undefined) {
      this.#altered(isLinked ? this.#suspect.before : this.#suspect.at)
      this.#suspect = undefined
    } else if (!isLinked) this.#suspect = { before: this.#last, at: place }
  }

  #missing (count: number, place: LinePlace, torn: LinePlace | undefined): void {
    if (this.#suspect !== undefined) this.#altered(this.#suspect.before)
    this.#suspect = undefined
    if (torn !== undefined && count === 1) this.#altered(torn)
    else this.#problem(place, `comes where ${counted(count)} missing: removed, or moved`)
  }

  #earlier (line: ChainLine, place: LinePlace): void {
    if (this.#recent.get(line.seq) === line.digest) this.#notice(place, 'stands here for the second time')
    else this.#problem(place, 'is not in its place: moved, or added')
  }

  #signed (line: ChainLine, place: LinePlace): void {
    this.#unsigned++
    this.#unsignedSinceMs ??= line.timeMs
    if (line.audit === 'lost') this.#notice(place, `says that ${String(line.members['records'])} records were lost: the sink could not take them`)
    if (line.audit !== 'head') {
      if (line.timeMs - this.#unsignedSinceMs > MOST_UNSIGNED_MS) {
        this.#problem(place, 'is more than a minute behind the last signed head')
        this.#unsignedSinceMs = line.timeMs
      }
      return
    }
    this.#isClosed = line.members['closed'] === true
    const key = this.#known ?? this.#own
    const fault = key === undefined ? undefined : headFault(line, key)
    if (key !== undefined && this.#suspect?.at === place) {
      // Its signature says which of the two it is.
      this.#altered(fault === undefined ? this.#suspect.before : place)
      this.#suspect = undefined
      return
    }
    if (fault !== undefined) return this.#problem(place, fault)
    this.#heads++
    this.#unsigned = 0
    this.#unsignedSinceMs = undefined
  }

  #remember (line: ChainLine): void {
    this.#recent.set(line.seq, line.digest)
    this.#recent.delete(line.seq - RECENT_LINES)
  }

  #altered (place: LinePlace): void {
    this.#problem(place, 'was altered')
  }

  #problem (place: LinePlace, message: string): void { this.problems.push({ ...place, message }) }
  #notice (place: LinePlace, message: string): void { this.notices.push({ ...place, message }) }
}

function counted (records: number): string {
  return records === 1 ? '1 record is' : `${records} records are`
}
