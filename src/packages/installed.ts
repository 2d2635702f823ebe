import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LockedInstall } from './lock-types.ts'
import { packageFault } from './package-fault.ts'
import { digestTree } from './tree-digest.ts'
import type { TreeDigest } from './tree-digest.ts'

/** Written beside an install's files when it was complete. */
export interface InstallRecord extends TreeDigest {
  readonly platform: string
  /** Directories outside the store that the programs need: where Python is. Absolute. */
  readonly outside: readonly string[]
}

/** What decides which files an npm package has: `linux-x64`, `linux-arm64-musl`, `darwin-arm64`. Python's version comes on top. */
export function machinePlatform (): string {
  return `${process.platform}-${process.arch}${process.platform === 'linux' && !isGlibc() ? '-musl' : ''}`
}

function isGlibc (): boolean {
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime !== undefined
}

const RECORD = 'installed.json'
const TREE = 'tree'

/** Where the files of an install are. */
export function treeOf (directory: string, key: string): string {
  return join(directory, key, TREE)
}

/** Is there a complete install of this key? Says nothing about what it holds. */
export function isInstalled (directory: string, key: string): boolean {
  return existsSync(join(directory, key, RECORD))
}

/** The record of an install; undefined = there is none, or it is none. */
export async function readRecord (directory: string, key: string): Promise<InstallRecord | undefined> {
  const text = await readFile(join(directory, key, RECORD), 'utf8').catch(() => undefined)
  try {
    return text === undefined ? undefined : JSON.parse(text) as InstallRecord
  } catch {
    return undefined
  }
}

/** Which files of an install the machine makes: they differ from one to the next, so the lock cannot know them. */
export function isLocalTo (install: LockedInstall): (path: string) => boolean {
  if (install.registry === 'pypi') return (path) => /(?:^|\/)__pycache__\/|^bin\/|^pyvenv\.cfg$|^\.(?:lock|gitignore)$|^CACHEDIR\.TAG$|\/_virtualenv\.(?:py|pth)$|\.dist-info\/(?:RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json)$/.test(path)
  const built = install.allowScripts.map((name) => `node_modules/${name}/`)
  return (path) => path === 'node_modules/.package-lock.json' || built.some((folder) => path.startsWith(folder) || path.includes(`/${folder}`))
}

/**
 * Compares what is in the store with what the lock says, file by file (T46).
 * @throws GatewayError GW_UPSTREAM_START if it is missing, of another platform, or changed
 */
export async function verifyInstall (directory: string, key: string, install: LockedInstall): Promise<InstallRecord> {
  const name = install.packages.join(' ')
  const record = await readRecord(directory, key)
  if (record === undefined) throw packageFault(`${name} is locked but not installed: run drawbridge packages install`)
  const found = await digestTree(treeOf(directory, key), isLocalTo(install)).catch((cause: unknown) => {
    throw packageFault(`the store's copy of ${name} cannot be read: run drawbridge packages install`, cause)
  })
  const content = record.platform.startsWith(machinePlatform()) ? install.content[record.platform] : undefined
  if (content === undefined) throw packageFault(`the store's copy of ${name} was made for another machine (${record.platform}): run drawbridge packages install`)
  if (found.content !== content || found.local !== record.local) throw packageFault(`the store's copy of ${name} is not what was installed: find out who changed ${join(directory, key)}, then run drawbridge packages install`)
  return record
}

/** Makes a new, empty install directory; it is nobody's until {@link publish}. */
export async function beginInstall (directory: string): Promise<string> {
  const scratch = join(directory, `.new-${randomBytes(8).toString('hex')}`)
  // Workers with a user id of their own pass through, and read what they start.
  await mkdir(join(scratch, TREE), { recursive: true, mode: 0o755 })
  return scratch
}

/** Makes a complete install read-only and gives it its name at once; one that is there already makes way. */
export async function publish (directory: string, scratch: string, key: string, record: InstallRecord): Promise<void> {
  await writeFile(join(scratch, RECORD), `${JSON.stringify(record, null, 2)}\n`)
  await setModes(scratch, 0o555, (mode) => (mode & 0o100) === 0 ? 0o444 : 0o555)
  const target = join(directory, key)
  const old = join(directory, `.old-${randomBytes(8).toString('hex')}`)
  const replaces = existsSync(target)
  if (replaces) await rename(target, old)
  await rename(scratch, target)
  if (replaces) await removeTree(old)
}

/** Removes a directory although it may be read-only. */
export async function removeTree (path: string): Promise<void> {
  if (!existsSync(path)) return
  await setModes(path, 0o755, undefined)
  await rm(path, { recursive: true, force: true, maxRetries: 3 })
}

async function setModes (path: string, directoryMode: number, fileMode: ((mode: number) => number) | undefined): Promise<void> {
  const { mode } = await lstat(path)
  if ((mode & 0o170000) === 0o040000) {
    await chmod(path, 0o755)
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory() || (fileMode !== undefined && entry.isFile())) await setModes(join(path, entry.name), directoryMode, fileMode)
    }
    await chmod(path, directoryMode)
  } else if (fileMode !== undefined) await chmod(path, fileMode(mode))
}
