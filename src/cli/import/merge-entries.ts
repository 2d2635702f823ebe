import { isDeepStrictEqual } from 'node:util'
import type { ClientEntry } from './client-file.ts'
import { convertEntry } from './convert-entry.ts'

/** The servers of one gateway file, and what happened on the way. */
export interface MergedEntries {
  readonly servers: ReadonlyMap<string, Readonly<Record<string, unknown>>>
  readonly notes: readonly string[]
}

/** One list of servers from several files: equal entries once, different ones of one name under a numbered name. */
export function mergeEntries (entries: readonly ClientEntry[]): MergedEntries {
  const servers = new Map<string, Readonly<Record<string, unknown>>>()
  const files = new Map<string, string>()
  const notes: string[] = []
  for (const found of entries) {
    const { entry, notes: own } = convertEntry(found)
    const earlier = servers.get(found.name)
    if (earlier !== undefined && isDeepStrictEqual(earlier, entry)) {
      notes.push(`${found.name}: the same in ${files.get(found.name) ?? ''} and ${found.file}, taken once`)
      continue
    }
    const name = freeName(found.name, servers)
    if (name !== found.name) notes.push(`${found.name}: differs between ${files.get(found.name) ?? ''} and ${found.file}; the second is called ${name}`)
    servers.set(name, entry)
    files.set(name, found.file)
    notes.push(...own)
  }
  return { servers, notes }
}

function freeName (name: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name}-${number}`)) number++
  return `${name}-${number}`
}
