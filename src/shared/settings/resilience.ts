/** How often what may be repeated is sent again (FR11). */
export interface RetrySettings {
  /** Besides the first one. Default 2. */
  readonly attempts: number
  /** Retries as a share of all requests to the server, in percent. Default 10. */
  readonly budgetPercent: number
}

/** When requests to a server are not even sent (FR14). */
export interface BreakerSettings {
  /** Newest requests that are looked at. Default 20. */
  readonly calls: number
  /** Failures longer ago do not count. Default 10 000. */
  readonly windowMs: number
  /** Share of them that opens it, in percent. Default 50. */
  readonly failedPercent: number
  /** First time that it is open. Default 5 000. */
  readonly openMs: number
  /** Longest time that it is open. Default 60 000. */
  readonly maxOpenMs: number
}
