import type { HeldSlots, SharedSlots } from '../../limits/index.ts'
import type { Lane } from './lane.ts'

/** The slots of one user or tenant as Redis keeps them. */
export class KeptSlots implements SharedSlots {
  readonly key: string
  readonly #lane: Lane
  readonly #held: HeldSlots

  constructor (lane: Lane, key: string, held: HeldSlots) {
    this.#lane = lane
    this.key = key
    this.#held = held
  }

  get held (): number { return this.#held.held }

  assert (): void { this.#lane.assert(this) }
}
