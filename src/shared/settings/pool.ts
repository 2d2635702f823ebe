/** Workers of one server. */
export interface PoolSettings {
  /** Spare workers kept ready for new callers; demand raises it up to `max`. 0 = none are kept. Default 0. */
  readonly warm: number
  /** A worker is replaced between calls after so many, plus or minus a fifth (FR08). Absent = never. */
  readonly maxCalls?: number
  /** A worker is replaced between calls at this age, plus or minus a fifth. Absent = never. */
  readonly maxAgeMs?: number
  /** A worker whose processes hold more resident memory is replaced between calls, in MiB, plus or minus a fifth. Absent = never. */
  readonly maxMemoryMb?: number
  /** Most workers of this server. Default 50. */
  readonly max: number
  /** Most workers of this server for one tenant. Default 20. */
  readonly maxPerTenant: number
  /** A worker without call or open stream ends after this. Default 300 000. */
  readonly idleMs: number
}

/** Bounds over all servers. */
export interface GlobalPoolSettings {
  /** Default 200. */
  readonly maxWorkers: number
  /** Default 100. */
  readonly maxWorkersPerTenant: number
  /** Default 20. */
  readonly maxWorkersPerUser: number
  /** Workers that may be starting at once. Default 2 x cores, at least 4 (FR03). */
  readonly maxStarting: number
}
