import { GatewayError } from '../shared/errors.ts'
import { createWorkerCounts } from './worker-counts.ts'
import type { MakeRoom, WorkerBound, WorkerLimits } from './pool-options.ts'
import type { WorkerOwner } from './types.ts'

/** makeRoom may end a worker that others then use the place of; after so many rounds the caller is refused instead. */
const MAX_ROUNDS = 4
/** An idle worker may take both waits of a stop to end; after that a place is likely. */
const RETRY_AFTER_S = 5

/** Places for workers under all bounds. */
export interface WorkerSlots {
  /**
   * Takes a place, asking for room where a bound is hit.
   * @throws GatewayError GW_LIMIT_WORKERS, or the signal's reason
   */
  take (owner: WorkerOwner, signal: AbortSignal): Promise<void>
  /** Gives the place back; whoever waits for room looks again. */
  release (owner: WorkerOwner): void
}

/** `countEnding` says how many of the workers that count against the bound are on their way out. */
export function createWorkerSlots (limits: WorkerLimits, makeRoom: MakeRoom, countEnding: (owner: WorkerOwner, bound: WorkerBound) => number): WorkerSlots {
  const counts = createWorkerCounts(limits)
  let released = Promise.withResolvers<void>()
  let waiting = 0

  async function take (owner: WorkerOwner, signal: AbortSignal): Promise<void> {
    let hit = counts.take(owner)
    for (let round = 0; hit !== undefined;) {
      // A worker that is ending already, and that nobody else waits for, need not be paid for with another one.
      if (countEnding(owner, hit) > waiting) await untilReleased(signal)
      else if (round++ === MAX_ROUNDS || !(await makeRoom(owner, hit))) throw noRoom(hit)
      signal.throwIfAborted()
      hit = counts.take(owner)
    }
  }

  async function untilReleased (signal: AbortSignal): Promise<void> {
    waiting += 1
    try {
      await abortable(released.promise, signal)
    } finally {
      waiting -= 1
    }
  }

  function release (owner: WorkerOwner): void {
    counts.release(owner)
    const waiters = released
    released = Promise.withResolvers<void>()
    waiters.resolve()
  }

  return { take, release }
}

function noRoom (bound: WorkerBound): GatewayError {
  return new GatewayError('GW_LIMIT_WORKERS', { reason: `the bound on workers (${bound}) is hit and none is idle`, retryAfterS: RETRY_AFTER_S })
}

async function abortable (promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const giveUp = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
