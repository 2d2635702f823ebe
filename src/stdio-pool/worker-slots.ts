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
  /**
   * Takes a place for a spare, if there is one right now.
   * @throws GatewayError GW_LIMIT_WORKERS
   */
  takeFree (owner: WorkerOwner): void
  /**
   * Makes the place of a spare one of `owner`, asking for room where a bound is hit, and calls `taken` in the same turn.
   * @param next asked anew after each wait; undefined = no spare is left, and nothing was taken
   * @throws GatewayError GW_LIMIT_WORKERS, or the signal's reason
   */
  bind<T extends { readonly owner: WorkerOwner }> (next: () => T | undefined, owner: WorkerOwner, taken: (spare: T) => void, signal: AbortSignal): Promise<T | undefined>
  /** Gives the place back; whoever waits for room looks again. */
  release (owner: WorkerOwner): void
}

/** `countEnding` says how many of the workers that count against the bound are on their way out. */
export function createWorkerSlots (limits: WorkerLimits, makeRoom: MakeRoom, countEnding: (owner: WorkerOwner, bound: WorkerBound) => number): WorkerSlots {
  const counts = createWorkerCounts(limits)
  let released = Promise.withResolvers<void>()
  let waiting = 0

  /** Tries until there is room, or none can be made. `attempt` names the bound that it ran into. */
  async function untilRoom (owner: WorkerOwner, attempt: () => WorkerBound | undefined, signal: AbortSignal): Promise<void> {
    let hit = attempt()
    for (let round = 0; hit !== undefined;) {
      // A worker that is ending already, and that nobody else waits for, need not be paid for with another one.
      if (countEnding(owner, hit) > waiting) await untilReleased(signal)
      else if (round++ === MAX_ROUNDS || !(await makeRoom(owner, hit))) throw noRoom(hit)
      signal.throwIfAborted()
      hit = attempt()
    }
  }

  function takeFree (owner: WorkerOwner): void {
    const hit = counts.take(owner)
    if (hit !== undefined) throw noRoom(hit)
  }

  async function bind<T extends { readonly owner: WorkerOwner }> (next: () => T | undefined, owner: WorkerOwner, taken: (spare: T) => void, signal: AbortSignal): Promise<T | undefined> {
    let bound: T | undefined
    await untilRoom(owner, () => {
      bound = next()
      if (bound === undefined) return undefined
      const hit = counts.take(owner, bound.owner)
      if (hit === undefined) taken(bound)
      return hit
    }, signal)
    return bound
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

  return { take: (owner, signal) => untilRoom(owner, () => counts.take(owner), signal), takeFree, bind, release }
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
