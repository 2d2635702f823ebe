import { readdir, readFile } from 'node:fs/promises'

/** Files read at once: a few keep the threads that read files busy, more would only keep others from them. */
const AT_ONCE = 4

/**
 * Finds the processes whose environment, as it was when they were started, holds one of these `NAME=value` texts. Reads
 * /proc; where there is none, or a process belongs to somebody else, it finds nothing.
 * @param skip processes that are known to be none of them
 * @returns process ids by text; one that nobody carries has no entry
 */
export async function taggedProcesses (tags: ReadonlySet<string>, skip: ReadonlySet<number>): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>()
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number)
  const next = pids.values()
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const pid of next) {
      if (pid === process.pid || skip.has(pid)) continue
      const tag = await tagOf(pid, tags)
      if (tag !== undefined) found.set(tag, [...found.get(tag) ?? [], pid])
    }
  }))
  return found
}

async function tagOf (pid: number, tags: ReadonlySet<string>): Promise<string | undefined> {
  try {
    const variables = await readFile(`/proc/${pid}/environ`, 'latin1')
    return variables.split('\0').find((variable) => tags.has(variable))
  } catch {
    // It has ended, or it is not ours to look at.
    return undefined
  }
}
