/** A gateway that answers. */
export interface RunningGateway {
  /** Origin it listens on, with the real port when 0 was asked for. */
  readonly url: string
  /** Empty in a process that has no management listener of its own. */
  readonly managementUrl: string
  /** Drains (rulings: ready = 503, calls in flight finish within drainMs, streams end, workers go) and closes the listeners. */
  close (reason: string): Promise<void>
  /** Ends at once: calls in flight are answered with errors, workers are stopped. */
  closeNow (): Promise<void>
}
