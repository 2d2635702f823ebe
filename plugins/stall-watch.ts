import { url as inspectorUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'

/** When nothing has moved for so long, whoever waits has given up, and only a new process helps (FR35). */
const MAX_STILL_MS = 10_000
/** How often the event loop shows that it lives, and how often that is looked at. */
const TICK_MS = 1000

/** The thread only counts. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 }

/** What a test wants sooner. */
export interface StallBounds { readonly maxStillMs: number, readonly tickMs: number }

/**
 * Ends this process with SIGKILL when its event loop stands still for ten seconds: probes and callers cannot tell it from a
 * dead one, and it would stay so. Its supervisor ends the workers; the service manager, or with `processes: N` the primary,
 * starts it again. Not while a debugger is attached, whose breakpoints are such stalls. Returns what ends the watch.
 */
export function watchForStalls ({ maxStillMs, tickMs }: StallBounds = { maxStillMs: MAX_STILL_MS, tickMs: TICK_MS }): () => void {
  const beats = new Int32Array(new SharedArrayBuffer(12))
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1)
    // It may be attached at any time, and then has stopped the loop before it says so again.
    if (inspectorUrl() !== undefined) Atomics.store(beats, 2, 1)
  }, tickMs).unref()
  const thread = new Worker(new URL('./stall-thread.mjs', import.meta.url), { workerData: { beats, maxStillMs, tickMs }, execArgv: [], stdin: false, resourceLimits: THREAD_LIMITS })
  thread.unref()
  // Without the watch the gateway is what it was.
  thread.once('error', () => {})
  return () => {
    clearInterval(timer)
    thread.terminate().catch(() => {})
  }
}
