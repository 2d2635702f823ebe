import { readFile, readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** How long processes may take to end after SIGKILL: one that waits for a disk cannot be hurried. Milliseconds. */
const KILL_MS = 5_000
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 50

/**
 * Kills what runs in a group and in groups under it, and removes them. Resolves to false when something would not die in
 * time: the group is left, and the next start of a gateway tries again. Never rejects.
 */
export async function removeGroup (directory: string): Promise<boolean> {
  const endMs = performance.now() + KILL_MS
  for (const child of await childrenOf(directory)) await removeGroup(child)
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await rmdir(directory)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
      if (performance.now() > endMs) return false
    }
    await killGroup(directory)
    await pause(pauseMs)
  }
}

/** SIGKILL to everything in a group: at once with v2 (5.14 on); else one by one, after which nothing new can be forked. Never rejects. */
export async function killGroup (directory: string): Promise<void> {
  if (await put(join(directory, 'cgroup.kill'), '1')) return
  await put(join(directory, 'pids.max'), '0')
  for (const pid of await processesOf(directory)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}

/** Processes in a group; [] when it is gone. 0 stands for those of other pid namespaces, and would be our own group. */
async function processesOf (directory: string): Promise<number[]> {
  const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')
  return text.split('\n').map(Number).filter((pid) => pid > 0)
}

async function childrenOf (directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name))
}

/** False: the kernel has no such file there, or it does not take this. */
async function put (file: string, text: string): Promise<boolean> {
  return await writeFile(file, text).then(() => true, () => false)
}
