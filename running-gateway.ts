import type { ReloadOutcome } from './src/shared/reload-outcome.ts'
import type { Settings } from './src/shared/settings.ts'

/** A gateway that answers. */
export interface RunningGateway {
  /** Origin it listens on, with the real port when 0 was asked for. */
  readonly url: string
  /** Empty in a process that has no management listener of its own. */
  readonly managementUrl: string
  /** Takes over another configuration, all of it or nothing (FR44). */
  reload (settings: Settings): Promise<ReloadOutcome>
  /** A configuration could not be read: tells the log, the metrics and /health. */
  reloadRefused (faults: readonly string[]): void
  /** `listener` is called when an operator asks this gateway to read its configuration anew. */
  onReloadWanted (listener: () => Promise<ReloadOutcome>): void
  /** Drains (rulings: ready = 503, calls in flight finish within drainMs, streams end, workers go) and closes the listeners. */
  close (reason: string): Promise<void>
  /** Ends at once: calls in flight are answered with errors, workers are stopped. */
  closeNow (): Promise<void>
}
