import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isJsonObject } from '../protocol/index.ts'
import type { Era } from '../shared/era.ts'

/** Path of the file, absolute. */
export type VerdictFile = string

/** Was the era spoken, or lacking, and since when (milliseconds since 1970). */
export interface Verdict { readonly speaks: boolean, readonly atMs: number }
/** What is known of one entry. */
export type EntryVerdict = { readonly [era in Era]?: Verdict }

/** The form of the file; another number is another form, and not read. */
const FORM = 1
/** SHA-256 in hexadecimal: names and addresses of servers are not in the file. */
const KEY = /^[0-9a-f]{64}$/

/** All entries of the file. What cannot be read is not there: the servers are asked anew. */
export function readVerdicts (file: VerdictFile): Array<[string, EntryVerdict]> {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (!isJsonObject(content) || content['form'] !== FORM || !isJsonObject(content['entries'])) return []
    return Object.entries(content['entries']).flatMap(([key, entry]) => KEY.test(key) && isJsonObject(entry) ? [[key, { ...verdictOf('legacy', entry), ...verdictOf('modern', entry) }]] : [])
  } catch {
    return []
  }
}

function verdictOf (era: Era, entry: Record<string, unknown>): EntryVerdict {
  const verdict = entry[era]
  if (!isJsonObject(verdict)) return {}
  const { speaks, atMs } = verdict
  return typeof speaks === 'boolean' && typeof atMs === 'number' && Number.isFinite(atMs) ? { [era]: { speaks, atMs } } : {}
}

/** Replaces the file as a whole: whoever reads it meanwhile, or after a crash, finds the old one or the new one. */
export async function writeVerdicts (file: VerdictFile, entries: ReadonlyMap<string, EntryVerdict>): Promise<void> {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`
  const text = JSON.stringify({ form: FORM, entries: Object.fromEntries(entries) })
  await makeDirectory(dirname(file))
  try {
    await writeFile(unfinished, text, { mode: 0o600, flag: 'wx' })
    await rename(unfinished, file)
  } catch (thrown) {
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw thrown
  }
}

/** Not mkdir's own `recursive`: that never returns where a file system answers ENOENT under an existing directory. */
async function makeDirectory (path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw thrown
    await makeDirectory(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}
