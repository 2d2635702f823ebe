import type { ConnectionUsage } from './types.ts'

/** Counts the calls of one connection, for whoever replaces workers that have served long enough (FR08). */
export class CallMeter implements ConnectionUsage {
  /** Since the handshake. */
  calls = 0
  /** No new calls are wanted. */
  isRetired = false
  readonly #isIdle: () => boolean
  #lookAt = Infinity
  #onLook = (): void => undefined
  #onIdle: (() => void) | undefined

  /** @param isIdle does the connection stand, without a call on it? */
  constructor (isIdle: () => boolean) {
    this.#isIdle = isIdle
  }

  began (): void {
    if (++this.calls === this.#lookAt) this.#onLook()
  }

  ended (): void {
    if (this.#onIdle !== undefined) this.#tellIdle()
  }

  lookAt (calls: number, look: () => void): void {
    this.#lookAt = calls
    this.#onLook = look
  }

  retire (): void { this.isRetired = true }

  whenIdle (done: () => void): void {
    this.#onIdle = done
    this.#tellIdle()
  }

  #tellIdle (): void {
    if (!this.#isIdle()) return
    const done = this.#onIdle
    this.#onIdle = undefined
    done?.()
  }
}
