import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExceededLimit } from './types.ts'

/** How often v1 groups are looked at; v2 ends a whole group by itself. Milliseconds. */
const LOOK_EVERY_MS = 1_000

/** Files in which the kernel counts, and the lines that count what somebody ran into. */
const COUNTERS: ReadonlyArray<readonly [limit: ExceededLimit, file: string, line: RegExp]> = [
  ['memory', 'memory.events', /^oom_kill ([0-9]+)$/m],
  ['memory', 'memory.oom_control', /^oom_kill ([0-9]+)$/m],
  ['pids', 'pids.events', /^max ([0-9]+)$/m]
]

/** Limits that the processes in a worker's groups have run into so far. Never rejects. */
export async function exceededLimits (groups: readonly string[]): Promise<Set<ExceededLimit>> {
  const found = new Set<ExceededLimit>()
  await Promise.all(groups.flatMap((group) => COUNTERS.map(async ([limit, file, line]) => {
    const text = await readFile(join(group, file), 'utf8').catch(() => '')
    if (Number(line.exec(text)?.[1] ?? 0) > 0) found.add(limit)
  })))
  return found
}

/** Looks after v1 groups: there the kernel ends one process of a group that is out of memory, and the rest is to follow. */
export interface MemoryWatch {
  add (memoryGroup: string, onKill: () => void): void
  remove (memoryGroup: string): void
}

/** One timer for all groups, and none while there is no group; it keeps no process alive. */
export function createMemoryWatch (lookEveryMs = LOOK_EVERY_MS): MemoryWatch {
  const watched = new Map<string, () => void>()
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    for (const [group, onKill] of [...watched]) {
      if ((await exceededLimits([group])).has('memory') && watched.delete(group)) onKill()
    }
    timer = watched.size > 0 ? later() : undefined
  }
  const later = (): NodeJS.Timeout => setTimeout(() => { void look() }, lookEveryMs).unref()
  return {
    add (memoryGroup, onKill) {
      watched.set(memoryGroup, onKill)
      timer ??= later()
    },
    remove (memoryGroup) { watched.delete(memoryGroup) }
  }
}
