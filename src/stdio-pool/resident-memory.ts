import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

/** How long it is believed which processes belong to a group: a worker seldom starts new ones. */
const MEMBERS_MS = 5000
const KIB = 1024

/** What process groups hold in memory. */
export interface ResidentMemory {
  /**
   * Resident bytes of all processes of the group, pages that they share counted in each; undefined where /proc does not tell.
   * Processes that the leader has started are counted from a few seconds later on.
   */
  of (pgid: number): number | undefined
}

/**
 * Reads /proc: for looking now and then, not for each call. A process's own size is read synchronously, which takes some
 * 30 microseconds and no disk; by the time that an asynchronous answer is there, a fast server has served a dozen calls more.
 */
export function createResidentMemory (nowMs: () => number): ResidentMemory {
  let members: ReadonlyMap<number, readonly number[]> = new Map()
  let readMs = -Infinity

  /** Takes long where many processes run: whoever asks meanwhile gets what is known. */
  async function refresh (): Promise<void> {
    if (nowMs() - readMs < MEMBERS_MS) return
    readMs = nowMs()
    members = await readGroups()
  }

  return {
    of (pgid) {
      // Cannot reject: it reads past whatever is not there.
      refresh().catch(() => undefined)
      const pids = new Set([pgid, ...members.get(pgid) ?? []])
      const known = [...pids].map(residentOf).filter((bytes) => bytes !== undefined)
      return known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0)
    }
  }
}

async function readGroups (): Promise<ReadonlyMap<number, readonly number[]>> {
  const groups = new Map<number, number[]>()
  const names = await readdir('/proc').catch(() => [])
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue
    // pid (name, which may hold anything) state parent group …
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '')
    const pgid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3)[2])
    if (!(pgid > 0)) continue
    const pids = groups.get(pgid)
    if (pids === undefined) groups.set(pgid, [Number(name)])
    else pids.push(Number(name))
  }
  return groups
}

/** A process that has ended, and a kernel thread, have none. */
function residentOf (pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kib === undefined ? undefined : Number(kib) * KIB
  } catch {
    return undefined
  }
}
