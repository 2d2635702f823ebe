import { statSync } from 'node:fs'
import type { ServerName } from '../shared/ids.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { treeOf, verifyInstall } from './installed.ts'
import { lockedFor } from './locked-for.ts'
import type { Locked } from './locked-for.ts'
import { readLock } from './lock-file.ts'
import type { PackageLock } from './lock-types.ts'
import { packageFault } from './package-fault.ts'
import { storedProgram } from './stored-program.ts'
import type { PackageStore, StoredCommand } from './types.ts'

export interface PackageStoreOptions {
  /** The store. Absolute; need not exist. */
  readonly directory: string
  readonly lockFile: string
  /** In production a launcher whose packages are not locked is refused; in development it is started as written. */
  readonly mode: 'development' | 'production'
  /** PATH of the gateway. */
  readonly searchPath: string
  readonly nowMs: () => number
  /** A launcher is started as written; told once per server. */
  readonly onUnlocked: (server: ServerName, reason: string) => void
}

/** How old the answer to "has the lock changed?" may be. */
const LOOK_EVERY_MS = 1000

type Program = Awaited<ReturnType<typeof storedProgram>>

/**
 * The store as the gateway reads it. A lock that changes while it runs counts from the next start of a worker on; workers that
 * run keep their version. Reads only.
 */
export function createPackageStore (options: PackageStoreOptions): PackageStore {
  const lockOf = lockReader(options)
  const told = new Set<ServerName>()
  /** Verified once per process and version; the hash of the content belongs to the version. */
  const verified = new Map<string, Promise<Program>>()

  function programOf (found: Locked): Promise<Program> {
    const { key, install, request } = found
    const id = JSON.stringify([key, install.content, request.specs[0], request.program])
    const known = verified.get(id)
    if (known !== undefined) return known
    const made = verifyInstall(options.directory, key, install).then(async (record) => {
      return await storedProgram(request, { tree: treeOf(options.directory, key), install, record, searchPath: options.searchPath })
    })
    verified.set(id, made)
    // What was mended is looked at again.
    made.catch(() => { verified.delete(id) })
    return made
  }

  return {
    async commandOf (server: ServerSettings): Promise<StoredCommand | undefined> {
      if (server.transport !== 'stdio') return undefined
      const found = lockedFor(server, lockOf())
      if (found === undefined) return undefined
      if (!found.ok) {
        if (options.mode === 'production') throw packageFault(`mcpServers.${server.name}: ${found.error}`)
        if (!told.has(server.name)) options.onUnlocked(server.name, found.error)
        told.add(server.name)
        return undefined
      }
      const { before, ...program } = await programOf(found.value)
      return { ...program, args: [...before, ...found.value.request.args] }
    }
  }
}

/** The lock as it is now, read again when the file has another date, size or inode. */
function lockReader ({ lockFile, nowMs }: PackageStoreOptions): () => PackageLock | undefined {
  let lock: PackageLock | undefined
  let stamp: string | undefined
  let lookedMs = -Infinity
  return () => {
    const now = nowMs()
    if (now - lookedMs < LOOK_EVERY_MS) return lock
    const found = statSync(lockFile, { throwIfNoEntry: false })
    const current = found === undefined ? 'absent' : `${found.mtimeMs} ${found.size} ${found.ino}`
    if (current !== stamp) {
      lock = readLock(lockFile)
      stamp = current
    }
    lookedMs = now
    return lock
  }
}
