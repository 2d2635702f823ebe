import { setTimeout as delay } from 'node:timers/promises'

/** How often a group that was killed is looked for. */
const POLL_MS = 10

/**
 * Signals every process of a group. False if there is none left, or none that may be signalled (a zombie on macOS, a
 * program that changed its user).
 */
export function signalGroup (pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pgid, signal)
    return true
  } catch {
    return false
  }
}

/**
 * Waits until no process of the group is left, at most `maxMs`: where PID 1 does not reap, zombies stay in the group
 * for ever and are not waited for.
 */
export async function groupGone (pgid: number, maxMs: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < maxMs && signalGroup(pgid, 0); waitedMs += POLL_MS) await delay(POLL_MS)
}
