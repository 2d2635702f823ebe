import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { removeGroup } from './remove-group.ts'

/**
 * Name of a group that holds one gateway's workers: its pid namespace, its pid, when it started, and chance. By it a later
 * gateway knows for certain that this one is gone; in another pid namespace it cannot know, and leaves the group.
 */
function instanceName (): string {
  return `drawbridge-${pidNamespace()}-${process.pid}-${startTimeOf(process.pid) ?? 0}-${randomBytes(4).toString('hex')}`
}

/** Removes the groups that killed gateways of this pid namespace left in `parent`, with whatever still runs there. Never rejects. */
export async function removeStaleGroups (parent: string): Promise<void> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => [])
  const stale = entries.filter((entry) => entry.isDirectory() && isStale(entry.name))
  await Promise.all(stale.map(async ({ name }) => await removeGroup(join(parent, name))))
}

/** Makes a group for the workers of this gateway in `parent`. @returns its directory */
export async function makeInstanceGroup (parent: string): Promise<string> {
  const directory = join(parent, instanceName())
  await mkdir(directory)
  return directory
}

function isStale (name: string): boolean {
  const [namespace, pid, startTime] = /^drawbridge-(\d+)-(\d+)-(\d+)-[0-9a-f]+$/.exec(name)?.slice(1) ?? []
  return namespace === pidNamespace() && startTimeOf(Number(pid)) !== startTime
}

/** The number in `pid:[4026531836]`; 0 where there is none. */
function pidNamespace (): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/** Field 22 of /proc/<pid>/stat, in ticks since boot: with the pid it names a process for good. Undefined = no such process. */
function startTimeOf (pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
