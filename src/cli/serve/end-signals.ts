import type { Clock } from '../../shared/clock.ts'
import type { CliIo } from '../command.ts'

/** npm passes Ctrl-C on to a program that the terminal has told already; nobody presses it twice in this time. */
const SAME_KEYSTROKE_MS = 200

/**
 * Signals that ask for the end, heard from before the gateway starts: one that comes while it does ends it properly as soon as it
 * stands, instead of the process at once, in the middle of something.
 */
export class EndSignals {
  readonly #clock: Clock
  #first: { readonly signal: string, readonly atMs: number } | undefined
  readonly #listeners = new Set<(signal: string) => void>()
  readonly #secondEarly = Promise.withResolvers<string>()
  readonly #stop: () => void

  constructor (io: Pick<CliIo, 'onSignal'>, clock: Clock) {
    this.#clock = clock
    this.#stop = io.onSignal((signal) => { this.#came(signal) })
  }

  /** Resolves with the second signal that came before anybody listened: somebody does not want to wait for the start. */
  get impatience (): Promise<string> { return this.#secondEarly.promise }

  /** As `CliIo.onSignal`; the one that came before is told as well, once this call is over. */
  readonly onSignal: CliIo['onSignal'] = (listener) => {
    this.#listeners.add(listener)
    const early = this.#first?.signal
    if (early !== undefined) queueMicrotask(() => { if (this.#listeners.has(listener)) listener(early) })
    return () => { this.#listeners.delete(listener) }
  }

  /** Signals do what they do by default again. */
  close (): void { this.#stop() }

  #came (signal: string): void {
    const isFirst = this.#first === undefined
    const first = this.#first ??= { signal, atMs: this.#clock.nowMs() }
    if (!isFirst && signal === 'SIGINT' && this.#clock.nowMs() - first.atMs < SAME_KEYSTROKE_MS) return
    if (this.#listeners.size > 0) for (const listener of [...this.#listeners]) listener(signal)
    else if (!isFirst) this.#secondEarly.resolve(signal)
  }
}
