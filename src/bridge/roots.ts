import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isJsonObject, type JsonObject } from '../protocol/index.ts'

/** Roots of one client that are looked at; each costs a look into the file system. Clients have a handful. */
const MAX_ROOTS = 100

/**
 * The `roots: filtered` rule (rulings 1): a client root passes only if it lies inside a directory that the operator's own
 * entry names; if none does, those directories are the answer. Servers such as server-filesystem replace their allowed
 * directories by what they are told here, so a relayed `file:///` would open the whole machine.
 *
 * What passes is spelled anew from the path that was checked: a server that reads a URI differently than we do (query,
 * escapes, symbolic links) must not find another directory in it.
 * @param answer the client's roots/list result, or undefined if it gave none
 */
export async function filterRoots (answer: unknown, rootDirs: readonly string[]): Promise<JsonObject> {
  const offered = isJsonObject(answer) && Array.isArray(answer['roots']) ? answer['roots'].slice(0, MAX_ROOTS) : []
  const allowed = await Promise.all(rootDirs.map(resolved))
  const passing: JsonObject[] = []
  for (const root of offered) {
    const dir = await allowedDirectory(root, allowed)
    if (dir !== undefined) passing.push(asRoot(dir, (root as JsonObject)['name']))
  }
  return { roots: passing.length > 0 ? passing : rootDirs.map((dir) => asRoot(dir, undefined)) }
}

function asRoot (dir: string, name: unknown): JsonObject {
  const uri = pathToFileURL(dir).href
  return typeof name === 'string' ? { uri, name } : { uri }
}

async function allowedDirectory (root: unknown, allowed: readonly string[]): Promise<string | undefined> {
  if (!isJsonObject(root) || typeof root['uri'] !== 'string') return undefined
  const dir = directoryOf(root['uri'])
  if (dir === undefined) return undefined
  const real = await resolved(dir)
  return allowed.some((parent) => real === parent || real.startsWith(parent.endsWith(path.sep) ? parent : parent + path.sep)) ? real : undefined
}

function directoryOf (uri: string): string | undefined {
  try {
    const url = new URL(uri)
    if (url.protocol !== 'file:' || (url.hostname !== '' && url.hostname !== 'localhost')) return undefined
    const dir = fileURLToPath(`file://${url.pathname}`)
    return dir.includes('\0') ? undefined : path.resolve(dir)
  } catch {
    return undefined
  }
}

/** Symbolic links are followed, for what does not exist yet too: its nearest parent that does may be one. */
async function resolved (dir: string): Promise<string> {
  try {
    return await realpath(dir)
  } catch {
    const parent = path.dirname(dir)
    return parent === dir ? dir : path.join(await resolved(parent), path.basename(dir))
  }
}
