import type { Started, Target } from '../targets/target.ts'
import type { Bench } from './row.ts'

const SESSIONS = 100
const CONCURRENCY = 64
const PAYLOAD_BYTES = 100

/** Processes that have had their warm-up; one that died and was started again has not. */
const warm = new WeakSet<Started>()

/**
 * Loads a target that was just started until its code is compiled: for some ten seconds V8's compilers take up to a third of the CPU
 * beside the calls. Rows compare gateways that have been up for a while, so every target gets the same, once; `first-call` tells of new ones.
 */
export async function warmUp ({ driver, effort, say }: Bench, started: Started, target: Target): Promise<void> {
  if (effort.steadyMs === 0 || warm.has(started)) return
  warm.add(started)
  say(`${target.id}: warming up`)
  const sessions = Math.min(SESSIONS, target.maxSessions)
  await driver.open(started.endpoint, sessions)
  try {
    await driver.run({ concurrency: Math.min(CONCURRENCY, sessions), payloadBytes: PAYLOAD_BYTES, warmMs: 0, forMs: effort.steadyMs, maxCalls: 0 })
  } finally {
    await driver.close('delete')
  }
}
