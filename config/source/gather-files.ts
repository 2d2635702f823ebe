import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { Lookup } from '../secret-lookup.ts'
import { expandAll } from './expand.ts'
import { readDocument } from './read-document.ts'

/** One file of the configuration: parsed and expanded, not validated yet. */
export interface ConfigDocument {
  readonly file: string | undefined
  readonly isMain: boolean
  /** Without its disabled servers. */
  readonly data: Readonly<Record<string, unknown>>
  /** Names of servers that the file switches off. Their text was neither expanded nor is it checked. */
  readonly disabled: readonly Place[]
}

/** What reading the files needs of its surroundings. */
export interface GatherContext {
  readonly cwd: string
  readonly lookup: Lookup
  readonly report: Report
}

/** The main file and everything it includes, in reading order. */
export function gatherFiles (mainFile: string, askedBy: Place, context: GatherContext): ConfigDocument[] {
  const documents: ConfigDocument[] = []
  const seen = new Map<string, string>()

  const visit = (path: string, from: Place, chain: readonly string[]) => {
    const shown = displayPath(path, context.cwd)
    const real = realPath(path)
    if (chain.includes(real)) return context.report.fault(from, `${shown} includes itself: ${[...chain, real].map((each) => displayPath(each, context.cwd)).join(' -> ')}`)
    const earlier = seen.get(real)
    if (earlier !== undefined) return context.report.fault(from, `${shown} is included twice, also by ${earlier}`)
    seen.set(real, from.file ?? 'the command')
    const data = readDocument(path, shown, from, context.report)
    if (data === undefined) return
    const document = prepareDocument(data, shown, chain.length === 0, context)
    documents.push(document)
    for (const { name, place } of includesOf(document)) visit(resolve(dirname(path), name), place, [...chain, real])
  }

  visit(resolve(context.cwd, mainFile), askedBy, [])
  return documents
}

/** Takes the disabled servers out of parsed data and expands the rest. */
export function prepareDocument (data: Readonly<Record<string, unknown>>, file: string | undefined, isMain: boolean, context: GatherContext): ConfigDocument {
  const disabled: Place[] = []
  const kept = Object.fromEntries(Object.entries(data).map(([key, value]) => [
    key,
    key === 'mcpServers' || key === 'servers' ? withoutDisabled(value, { file, path: [key] }, disabled) : value
  ]))
  return { file, isMain, disabled, data: expandAll(kept, { file, path: [] }, context.lookup, context.report) as Record<string, unknown> }
}

function withoutDisabled (servers: unknown, place: Place, disabled: Place[]): unknown {
  if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) return servers
  return Object.fromEntries(Object.entries(servers).filter(([name, entry]) => {
    const { disabled: off, enabled: on } = (entry ?? {}) as { disabled?: unknown, enabled?: unknown }
    if (off !== true && on !== false) return true
    disabled.push(within(place, name))
    return false
  }))
}

/** Only well-formed names are followed; the schema reports the others. */
function includesOf (document: ConfigDocument): { name: string, place: Place }[] {
  const include = document.data['include']
  if (!Array.isArray(include)) return []
  return include.flatMap((name: unknown, index) => typeof name === 'string' && name !== '' ? [{ name, place: { file: document.file, path: ['include', index] } }] : [])
}

function realPath (path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** A path as an operator would write it: relative inside the working directory, absolute elsewhere. */
export function displayPath (path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
}
