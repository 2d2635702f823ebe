/** Per user unless the name says otherwise. */
export interface LimitSettings {
  readonly callsPerMinute: number
  readonly requestsPerMinute: number
  readonly initializePerMinute: number
  readonly concurrentCalls: number
  /** Calls of a user in a calendar day and month, UTC. Absent = no bound. */
  readonly callsPerDay?: number
  readonly callsPerMonth?: number
  /** Over all tenants, in this process (rulings 3). Absent = no bound; from a file 5 000 unless it says otherwise. */
  readonly totalConcurrentCalls?: number
  readonly ipRequestsPerMinute: number
}
