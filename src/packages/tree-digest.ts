import { hash } from 'node:crypto'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Hashes over the files of an install. */
export interface TreeDigest {
  /** What came from the registry: the same on every machine of one platform. */
  readonly content: string
  /** What this machine made of it: bytecode, links to its Python, results of install scripts. */
  readonly local: string
}

/** Files read at once: enough to keep the disk busy, few enough to leave the threads to others. */
const AT_ONCE = 8

/**
 * Digests of a directory: names, contents, links and execute bits of everything in it; dates and owners do not count.
 * @param isLocal says of a path, relative to the directory, whether the machine made it
 */
export async function digestTree (directory: string, isLocal: (path: string) => boolean): Promise<TreeDigest> {
  const paths = await list(directory, '')
  const rows = new Array<string>(paths.length)
  let next = 0
  const work = async () => {
    for (let index = next++; index < paths.length; index = next++) rows[index] = await rowOf(directory, paths[index] ?? '')
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const digest = (local: boolean) => hash('sha256', rows.filter((_row, index) => isLocal(paths[index] ?? '') === local).join('\n'), 'hex')
  return { content: digest(false), local: digest(true) }
}

/** Everything that is no directory, sorted by bytes and not by the machine's language. */
async function list (directory: string, below: string): Promise<string[]> {
  const entries = await readdir(join(directory, below), { withFileTypes: true })
  const nested = await Promise.all(entries.map(async (entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    return entry.isDirectory() ? await list(directory, path) : [path]
  }))
  const paths = nested.flat()
  return below === '' ? paths.sort((one, other) => one < other ? -1 : 1) : paths
}

async function rowOf (directory: string, path: string): Promise<string> {
  const full = join(directory, path)
  const link = await readlink(full).catch(() => undefined)
  if (link !== undefined) return `link ${JSON.stringify([path, link])}`
  const { mode } = await stat(full)
  return `${(mode & 0o100) === 0 ? 'file' : 'program'} ${JSON.stringify(path)} ${hash('sha256', await readFile(full), 'hex')}`
}
