import { readdirSync, readFileSync } from 'node:fs'

/** One live process as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number
  readonly parentPid: number
  /** Ticks since boot: with the pid it names a process for good, whatever is reused later. */
  readonly startTime: string
  readonly state: string
}

/** Every process that can be read, zombies included. */
export function allProcesses (): ProcessEntry[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The command in parentheses may hold anything, so fields count from its end.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return [{ pid: Number(name), state: fields[0] ?? '?', parentPid: Number(fields[1]), startTime: fields[19] ?? '' }]
    } catch {
      return []
    }
  })
}

/** All processes below this one, however deep. */
export function descendantsOf (pid: number): ProcessEntry[] {
  const all = allProcesses()
  const found: ProcessEntry[] = []
  const parents = new Set([pid])
  for (let grew = true; grew;) {
    const more = all.filter((entry) => parents.has(entry.parentPid) && !parents.has(entry.pid))
    for (const entry of more) {
      parents.add(entry.pid)
      found.push(entry)
    }
    grew = more.length > 0
  }
  return found
}

/** Those of `entries` that still run (a zombie does not). */
export function stillAlive (entries: readonly ProcessEntry[]): ProcessEntry[] {
  const now = allProcesses()
  return entries.filter((entry) => now.some((other) => other.pid === entry.pid && other.startTime === entry.startTime && other.state !== 'Z'))
}

/** Processes whose environment at start held exactly `NAME=value`, wherever they hang in the tree now (double forks included). */
export function processesWithEnv (name: string, value: string): ProcessEntry[] {
  return allProcesses().filter((entry) => entry.state !== 'Z' && environmentOf(entry.pid).includes(`${name}=${value}`))
}

/** The environment a process was started with, as `NAME=value` strings; [] when it is gone. */
export function environmentOf (pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').filter(Boolean)
  } catch {
    return []
  }
}

/** Resident memory in bytes; 0 when the process is gone. */
export function residentBytes (pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
