import { readdirSync, readFileSync } from 'node:fs'

interface Entry {
  readonly pid: number
  readonly parent: number
  /** User + system time of the process, ms. */
  readonly ownMs: number
  /** The same of its children that ended and were waited for. */
  readonly goneMs: number
}

/** One reading of a target: the gateway's own processes, and the MCP servers behind it. */
export interface TreeReading {
  /** CPU ms of the root process alone. */
  readonly rootMs: number
  /** CPU ms of the gateway: root and every descendant that is no MCP server (nor a shell around one). */
  readonly gatewayMs: number
  /** CPU ms of the MCP servers that run. */
  readonly serverMs: number
  /** CPU ms of everything, those that already ended included. */
  readonly treeMs: number
  readonly gatewayPids: readonly number[]
  readonly backendPids: readonly number[]
}

const MS_PER_TICK = 10

/**
 * Reads a target from /proc. MCP servers are known by `tag`, an argument that the bench gives to each; they are found
 * even when they left the tree. Linux only: elsewhere every figure is 0.
 */
export function readTree (root: number, tag: string): TreeReading {
  const entries = readEntries()
  const family = descendants(root, entries)
  const backends = entries.filter((entry) => entry.pid !== root && commandLine(entry.pid).includes(tag))
  const backendPids = new Set(backends.map((entry) => entry.pid))
  const gateway = family.filter((entry) => !backendPids.has(entry.pid))
  const everyone = [...gateway, ...backends]
  return {
    rootMs: sum(gateway.filter((entry) => entry.pid === root), (entry) => entry.ownMs),
    gatewayMs: sum(gateway, (entry) => entry.ownMs),
    serverMs: sum(backends, (entry) => entry.ownMs),
    treeMs: sum(everyone, (entry) => entry.ownMs + entry.goneMs),
    gatewayPids: gateway.map((entry) => entry.pid),
    backendPids: [...backendPids]
  }
}

/**
 * Memory of the processes, KiB. `pss`: proportional set size, shared pages by the share of each. `anonymous`: its part
 * that is no file: heaps and buffers, but not program text, whose share changes with every other Node on the machine.
 */
export function readMemoryKiB (pids: readonly number[]): { readonly pss: number, readonly anonymous: number } {
  const rollups = pids.map(smapsRollup)
  const total = (name: string) => sum(rollups, (text) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0))
  return { pss: total('Pss'), anonymous: total('Pss_Anon') }
}

function smapsRollup (pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  } catch {
    return ''
  }
}

/** Ms that processes ran on one CPU since boot, everyone's, with those stolen by the host but without interrupts; undefined where the kernel does not say. */
export function readCpuBusyMs (cpu: number): number | undefined {
  try {
    const fields = new RegExp(`^cpu${cpu} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'latin1'))?.[1]?.split(' ').map(Number)
    if (fields === undefined) return undefined
    const [user = 0, nice = 0, system = 0, , , , , steal = 0] = fields
    return (user + nice + system + steal) * MS_PER_TICK
  } catch {
    return undefined
  }
}

function readEntries (): Entry[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => readEntry(Number(name)))
  } catch {
    return []
  }
}

function readEntry (pid: number): Entry[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const field = (number: number) => Number(fields[number - 3])
    return [{ pid, parent: field(4), ownMs: (field(14) + field(15)) * MS_PER_TICK, goneMs: (field(16) + field(17)) * MS_PER_TICK }]
  } catch {
    return []
  }
}

function descendants (root: number, entries: readonly Entry[]): Entry[] {
  const children = Map.groupBy(entries, (entry) => entry.parent)
  const found = entries.filter((entry) => entry.pid === root)
  for (const entry of found) found.push(...children.get(entry.pid) ?? [])
  return found
}

function commandLine (pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0)
