import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isJsonObject, type JsonObject } from '../protocol/index.ts'

/**
 * The `roots: filtered` rule (rulings 1): a client root passes only if it lies inside a directory that the operator's own
 * entry names; if none does, those directories are the answer. Servers such as server-filesystem replace their allowed
 * directories by what they are told here, so a relayed `file:///` would open the whole machine.
 * @param answer the client's roots/list result, or undefined if it gave none
 */
export async function filterRoots (answer: unknown, rootDirs: readonly string[]): Promise<JsonObject> {
  const offered = isJsonObject(answer) && Array.isArray(answer['roots']) ? answer['roots'] : []
  const allowed = await Promise.all(rootDirs.map(resolved))
  const passing: unknown[] = []
  for (const root of offered) {
    if (await passes(root, allowed)) passing.push(root)
  }
  if (passing.length > 0) return { roots: passing }
  return { roots: rootDirs.map((dir) => ({ uri: pathToFileURL(dir).href })) }
}

async function passes (root: unknown, allowed: readonly string[]): Promise<boolean> {
  if (!isJsonObject(root) || typeof root['uri'] !== 'string') return false
  const dir = directoryOf(root['uri'])
  if (dir === undefined) return false
  const real = await resolved(dir)
  return allowed.some((parent) => real === parent || real.startsWith(parent.endsWith(path.sep) ? parent : parent + path.sep))
}

function directoryOf (uri: string): string | undefined {
  try {
    const url = new URL(uri)
    if (url.protocol !== 'file:' || (url.hostname !== '' && url.hostname !== 'localhost')) return undefined
    return path.resolve(fileURLToPath(`file://${url.pathname}`))
  } catch {
    return undefined
  }
}

/** Symbolic links are followed before comparing; what does not exist yet is compared as written. */
async function resolved (dir: string): Promise<string> {
  try {
    return await realpath(dir)
  } catch {
    return path.resolve(dir)
  }
}
