import type { Count, Level } from './types.ts'

/**
 * A counter's value for one set of labels. Adding is one addition; prom-client, which hashes and checks labels at every
 * step, is only told the difference when somebody scrapes.
 */
export class CountCell implements Count {
  #pending = 0
  readonly #publish: (by: number) => void

  constructor (publish: (by: number) => void) {
    this.#publish = publish
  }

  inc (by = 1): void { this.#pending += by }

  /** Tells prom-client what was added since the last call. */
  flush (): void {
    const by = this.#pending
    this.#pending = 0
    this.#publish(by)
  }
}

/** A gauge's value for one set of labels; prom-client is told when somebody scrapes, undefined while there is none. */
export class LevelCell implements Level {
  #value: number | undefined = 0
  readonly #publish: (value: number | undefined) => void

  constructor (publish: (value: number | undefined) => void) {
    this.#publish = publish
  }

  inc (by = 1): void { this.#value = (this.#value ?? 0) + by }
  dec (by = 1): void { this.inc(-by) }
  set (value: number): void { this.#value = value }
  clear (): void { this.#value = undefined }
  flush (): void { this.#publish(this.#value) }
}
