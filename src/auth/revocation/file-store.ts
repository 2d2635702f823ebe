import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RevocationStore } from './revocation-store.ts'
import { readRevocation, revocationText } from './revocation.ts'
import type { Revocation } from './revocation.ts'

/**
 * Revocations in a file of the gateway's own: one line each, replaced as a whole, so that a crash leaves the old one or the new
 * one. The processes of one gateway see what one of them adds by looking; nobody tells them.
 */
export function createRevocationFile (file: string): RevocationStore {
  let seen = ''
  let adding: Promise<void> = Promise.resolve()

  async function addNow (entry: Revocation): Promise<void> {
    const lines = await readLines(file)
    const line = revocationText(entry)
    if (lines.includes(line)) return
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const next = `${file}.${process.pid}`
    await writeFile(next, [...lines, line, ''].join('\n'), { mode: 0o600 })
    await rename(next, file)
  }

  return {
    async read () {
      const mark = await markOf(file)
      if (mark === seen) return undefined
      const entries = (await readLines(file)).map(readRevocation).filter((entry) => entry !== undefined)
      seen = mark
      return entries
    },
    async add (entry) {
      const mine = adding.then(async () => { await addNow(entry) })
      // One that failed does not keep the next from being tried.
      adding = mine.catch(() => undefined)
      await mine
    },
    watch: () => () => undefined
  }
}

/** Differs after each change: renaming makes another file. */
async function markOf (file: string): Promise<string> {
  const found = await orMissing(stat(file, { bigint: true }))
  return found === undefined ? 'none' : `${found.ino} ${found.mtimeNs} ${found.size}`
}

async function readLines (file: string): Promise<readonly string[]> {
  const text = await orMissing(readFile(file, 'utf8')) ?? ''
  return text.split('\n').filter((line) => line !== '')
}

/** Nothing was revoked yet. */
async function orMissing<T> (reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
