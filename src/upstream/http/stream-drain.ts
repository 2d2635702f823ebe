import type { Exchange } from './exchange.ts'

/** Servers end a stream right after the reply; one that is still there a sweep later is cut. */
const SWEEP_MS = 1000
/** From how many on the list is looked through for those that have ended. */
const FIRST_LOOK = 64

/**
 * Streams whose reply has come. They are left to end by themselves, because their connection can then be used again, but
 * not for longer than two sweeps.
 */
export class StreamDrain {
  #young: Exchange[] = []
  #old: Exchange[] = []
  #lookAt = FIRST_LOOK
  #timer: NodeJS.Timeout | undefined

  add (exchange: Exchange): void {
    this.#young.push(exchange)
    if (this.#young.length >= this.#lookAt) {
      this.#young = this.#young.filter((one) => !one.ended)
      this.#lookAt = Math.max(FIRST_LOOK, this.#young.length * 2)
    }
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  #sweep (): void {
    for (const exchange of this.#old) exchange.abort()
    this.#old = this.#young.filter((one) => !one.ended)
    this.#young = []
    if (this.#old.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Cuts all of them. */
  end (): void {
    clearInterval(this.#timer)
    for (const exchange of [...this.#old, ...this.#young]) exchange.abort()
    this.#old = []
    this.#young = []
  }
}
