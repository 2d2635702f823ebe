import type { Clock } from '../shared/clock.ts'
import { giveSlots } from './slot-queue.ts'
import { noteHeld } from './slots.ts'
import type { Places } from './stages.ts'
import type { LimitRefusal, WindowState } from './types.ts'

/** The slots of one call in this process. */
export class LocalGrant {
  readonly admitted = true
  readonly window: WindowState
  readonly #clock: Clock
  readonly #sinceMs: number
  /** Undefined: they were given back. */
  #places: Places | undefined

  constructor (places: Places, window: WindowState, clock: Clock, sinceMs: number) {
    this.window = window
    this.#places = places
    this.#clock = clock
    this.#sinceMs = sinceMs
  }

  release (): void {
    const places = this.#places
    if (places === undefined) return
    const heldMs = this.#clock.nowMs() - this.#sinceMs
    for (const slots of places.slots) noteHeld(slots, heldMs)
    this.giveBack()
  }

  /** Gives them back unused: how long they were held says nothing about how long calls take. */
  giveBack (): void {
    const places = this.#places
    if (places === undefined) return
    this.#places = undefined
    giveSlots(places, places.slots.length)
  }
}

/** What a call gets in this process. */
export type LocalCallGrant = LocalGrant | { readonly admitted: false, readonly refusal: LimitRefusal }
