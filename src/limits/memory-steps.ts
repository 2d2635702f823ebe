/** Shares of the memory limit from which something is given up, least first (FR37). */
export const MEMORY_STEPS = { noCache: 0.85, noSessions: 0.92, full: 0.95 } as const

/** What the process may fill, and how full it is. */
export interface MemorySample {
  /** Resident, in bytes. */
  readonly residentBytes: number
  /** Of the JavaScript heap. */
  readonly heapBytes: number
}

/** How near the process is to being killed for its memory: by the system at its limit, or by the runtime at that of its heap. */
export interface MemorySteps {
  /** Looks again. Cheap; once a second is plenty. */
  look (): void
  /** The fuller of the two, 0 to 1 and above. */
  readonly share: number
  /** Nothing new is to be kept that could be made again. */
  readonly noCache: boolean
  /** No new sessions: GW_LIMIT_IN_FLIGHT. */
  readonly noSessions: boolean
  /** No new requests: GW_LIMIT_IN_FLIGHT. */
  readonly full: boolean
}

/** @param limits bytes that each may reach; @param sample what they are now */
export function createMemorySteps (limits: MemorySample, sample: () => MemorySample): MemorySteps {
  let share = 0
  return {
    look () {
      const { residentBytes, heapBytes } = sample()
      share = Math.max(residentBytes / limits.residentBytes, heapBytes / limits.heapBytes)
    },
    get share () { return share },
    get noCache () { return share >= MEMORY_STEPS.noCache },
    get noSessions () { return share >= MEMORY_STEPS.noSessions },
    get full () { return share >= MEMORY_STEPS.full }
  }
}
