import { BoundedMap } from './bounded-map.ts'

/** Topics whose changes are remembered one by one. */
const BOUNDS = { maxEntries: 20_000, maxChars: 20_000, maxEntryChars: 1 }

/** What has become of something that was read: it stands, it may have changed unheard, it has changed. */
export type Standing = 'current' | 'doubtful' | 'gone'

/**
 * Which topics have changed, counted instead of dated: what was read bears the count at which its reading began, so a
 * reading that a change overtook is seen, however late it lands. When a change has to be forgotten for want of room,
 * everything as old as it counts as gone: nothing comes back to life.
 */
export class Changes {
  #count = 0
  #goneBelow = 0
  #doubtfulBelow = 0
  readonly #changed = new BoundedMap<number>(BOUNDS, (_topic, count) => { this.#goneBelow = Math.max(this.#goneBelow, count) })

  /** To be noted when a reading begins. */
  get now (): number { return this.#count }

  changed (topic: string): void {
    this.#changed.set(topic, ++this.#count, 1)
  }

  /** Changes may have gone unheard, of whatever topic. */
  gap (): void {
    this.#doubtfulBelow = ++this.#count
  }

  /** @param since {@link now} when the reading began */
  standing (topic: string, since: number): Standing {
    if (since < this.#goneBelow || since < (this.#changed.get(topic) ?? 0)) return 'gone'
    return since < this.#doubtfulBelow ? 'doubtful' : 'current'
  }
}
