import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { containerMounts } from './container-mounts.ts'
import { pathsIn } from '../shared/path-texts.ts'
import { isTemplated } from './template.ts'

/** One of the operator's texts, before and after its templates were filled. */
export interface FilledText {
  readonly template: string
  readonly filled: string
  /** It can only name a directory: a cwd, a sandbox path. An argument is judged by its form. */
  readonly isDirectory?: boolean
}

/** What the directories of a launch are found in. */
export interface DirectorySources {
  readonly cwd: string
  /** The operator's cwd and sandbox paths: directories by their key. */
  readonly named: readonly FilledText[]
  readonly args: readonly FilledText[]
  readonly env: readonly FilledText[]
  /** The command is docker or the like: its args name directories of two machines. */
  readonly container: boolean
}

/** A file name's end such as `.json`: then the segment is taken for a file, not a directory. */
const EXTENSION = /\.[A-Za-z0-9]+$/

/**
 * The directories to create before a start, for each templated path: the parent of a file (`/data/{tenant}/{user}.json`
 * makes `/data/acme`); the whole path of a cwd, a sandbox path or a positional argument, as servers want the directory
 * they are given to exist; of anything else as much as is certain, up to the last templated segment. Absolute, without
 * doubles, and never more than the operator wrote.
 */
export function dataDirsOf (sources: DirectorySources): string[] {
  const args = sources.container ? mountsOf(sources.args, 'source') : sources.args.map(markPositional)
  const dirs = [...sources.named, ...args, ...sources.env].flatMap((text) => {
    const filled = pathsIn(text.filled)
    return pathsIn(text.template).flatMap((template, index) => {
      const depth = dataDirDepth(template, text.isDirectory === true)
      const path = filled[index]
      return depth === 0 || path === undefined ? [] : [resolve(sources.cwd, path.split('/').slice(0, depth).join('/'))]
    })
  })
  return [...new Set(dirs)]
}

/** How many segments of a templated path are directories to make; 0 if it holds no template. */
function dataDirDepth (template: string, isDirectory: boolean): number {
  const segments = template.split('/')
  const last = segments.findLastIndex(isTemplated)
  if (last === -1) return 0
  if (isDirectory) return segments.length
  return namesFile(template) ? segments.length - 1 : last + 1
}

/** An argument without a flag of its own or before it, and without a file's name. */
function markPositional (text: FilledText, index: number, args: readonly FilledText[]): FilledText {
  const isFlagged = text.template.startsWith('-') || args[index - 1]?.template.startsWith('-') === true
  return { ...text, isDirectory: !isFlagged && !namesFile(text.template) }
}

/**
 * The directories that the entry names (rulings 1): cwd and sandbox paths, and of the args those that are directories
 * or, when templated, will be. In a container only the mount targets mean anything to the server.
 */
export function rootDirsOf (sources: DirectorySources): string[] {
  const named = sources.named.map((text) => resolve(text.filled))
  const targets = sources.container ? mountsOf(sources.args, 'target').map((text) => text.filled) : []
  const fromArgs = sources.container ? [] : sources.args.flatMap((text) => argRoots(text, sources.cwd))
  return [...new Set([...named, ...targets, ...fromArgs])]
}

function argRoots (text: FilledText, cwd: string): string[] {
  const templates = pathsIn(text.template)
  return pathsIn(text.filled).flatMap((path, index) => {
    const absolute = resolve(cwd, path)
    const kind = kindOf(absolute)
    const template = templates[index] ?? ''
    const willBe = kind === 'absent' && isTemplated(template) && !namesFile(template)
    return kind === 'directory' || willBe ? [absolute] : []
  })
}

function mountsOf (args: readonly FilledText[], side: 'source' | 'target'): FilledText[] {
  const filled = containerMounts(args.map((arg) => arg.filled))
  return containerMounts(args.map((arg) => arg.template))
    .map((mount, index) => ({ template: mount[side], filled: filled[index]?.[side] ?? '', isDirectory: !namesFile(mount[side]) }))
    .filter((text) => text.filled.startsWith('/'))
}

function kindOf (path: string): 'directory' | 'other' | 'absent' {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 'absent'
  return found.isDirectory() ? 'directory' : 'other'
}

/** Only what follows the last template of the last segment counts: a user called `a.b` is not a file. */
function namesFile (template: string): boolean {
  return EXTENSION.test(template.slice(Math.max(template.lastIndexOf('/'), template.lastIndexOf('}')) + 1))
}
