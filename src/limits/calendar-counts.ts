import { periodAt } from './calendar.ts'
import type { Period } from './calendar.ts'

/** How often something was counted in the current period, by key. With the next period all begin anew, and memory is free again. */
export class CalendarCounts {
  readonly period: Period
  #current = NaN
  #counts = new Map<string, number>()

  constructor (period: Period) {
    this.period = period
  }

  of (key: string, wallMs: number): number {
    this.#turn(wallMs)
    return this.#counts.get(key) ?? 0
  }

  /** @param count -1 takes one back, if it was counted in this period */
  add (key: string, wallMs: number, count: 1 | -1): void {
    this.#turn(wallMs)
    this.#counts.set(key, Math.max(0, (this.#counts.get(key) ?? 0) + count))
  }

  #turn (wallMs: number): void {
    const now = periodAt(this.period, wallMs)
    if (now === this.#current) return
    this.#current = now
    this.#counts = new Map()
  }
}
