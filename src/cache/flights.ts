import type { Cache, Slot } from './types.ts'

/** A failure is told to whoever asks the same within this time, instead of asking again (FR17). */
const NEGATIVE_MS = 1000

/** One reading, by everybody who wants the same thing. */
export interface Flight<R> {
  /** Monotonic milliseconds. */
  readonly startedMs: number
  readonly settled: Promise<R>
}

interface Underway<R> extends Flight<R> { readonly since: number, endedMs: number | undefined }

/** How one reading is made. */
export interface FlightPlan<R> {
  start (): Promise<R>
  /** It was no good, but need not be tried again at once. */
  isFailure (outcome: R): boolean
}

/**
 * One reading at a time for each slot (FR17, T24): the slot names whose answer it is, so whoever meets here would have been
 * answered alike. Whoever goes away does not take it from the others; whoever comes after a change begins anew.
 */
export class Flights<R> {
  readonly #cache: Cache
  readonly #nowMs: () => number
  readonly #underway = new Map<string, Underway<R>>()

  /** @param nowMs monotonic */
  constructor (cache: Cache, nowMs: () => number) {
    this.#cache = cache
    this.#nowMs = nowMs
  }

  join<V> (slot: Slot<V>, plan: FlightPlan<R>): Flight<R> {
    const key = `${slot.topic.group} ${slot.topic.kind} ${slot.id}`
    const running = this.#underway.get(key)
    if (running !== undefined && this.#isJoinable(running, slot)) return running
    const flight: Underway<R> = {
      startedMs: this.#nowMs(),
      since: this.#cache.begin().since,
      endedMs: undefined,
      settled: plan.start().then((outcome) => {
        this.#landed(key, flight, plan.isFailure(outcome))
        return outcome
      }, (thrown: unknown) => {
        this.#landed(key, flight, false)
        throw thrown
      })
    }
    this.#underway.set(key, flight)
    return flight
  }

  #isJoinable<V> ({ since, endedMs }: Underway<R>, { topic }: Slot<V>): boolean {
    return this.#cache.stands(topic, since) && (endedMs === undefined || this.#nowMs() - endedMs < NEGATIVE_MS)
  }

  #landed (key: string, flight: Underway<R>, isFailure: boolean): void {
    if (this.#underway.get(key) !== flight) return
    if (!isFailure) {
      this.#underway.delete(key)
      return
    }
    flight.endedMs = this.#nowMs()
    setTimeout(() => { if (this.#underway.get(key) === flight) this.#underway.delete(key) }, NEGATIVE_MS).unref()
  }
}
