import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { containerMounts } from './container-mounts.ts'
import { pathsIn } from './path-texts.ts'
import { isTemplated } from './template.ts'

/** One of the operator's texts, before and after its templates were filled. */
export interface FilledText {
  readonly template: string
  readonly filled: string
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
 * The directories to create before a start: each templated path up to its last templated segment, or up to that
 * segment's parent if it is a file (`/data/{tenant}/{user}.json` makes `/data/acme`). Absolute, without doubles.
 */
export function dataDirsOf (sources: DirectorySources): string[] {
  const args = sources.container ? mountsOf(sources.args, 'source') : sources.args
  const dirs = [...sources.named, ...args, ...sources.env].flatMap((text) => {
    const filled = pathsIn(text.filled)
    return pathsIn(text.template).flatMap((template, index) => {
      const depth = dataDirDepth(template)
      const path = filled[index]
      return depth === 0 || path === undefined ? [] : [resolve(sources.cwd, path.split('/').slice(0, depth).join('/'))]
    })
  })
  return [...new Set(dirs)]
}

/** How many segments of a templated path are directories to make; 0 if it holds no template. */
function dataDirDepth (template: string): number {
  const segments = template.split('/')
  const last = segments.findLastIndex(isTemplated)
  if (last === -1) return 0
  return namesFile(segments[last] ?? '') ? last : last + 1
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
    const willBe = kind === 'absent' && isTemplated(template) && !namesFile(template.split('/').at(-1) ?? '')
    return kind === 'directory' || willBe ? [absolute] : []
  })
}

function mountsOf (args: readonly FilledText[], side: 'source' | 'target'): FilledText[] {
  const filled = containerMounts(args.map((arg) => arg.filled))
  return containerMounts(args.map((arg) => arg.template))
    .map((mount, index) => ({ template: mount[side], filled: filled[index]?.[side] ?? '' }))
    .filter((text) => text.filled.startsWith('/'))
}

function kindOf (path: string): 'directory' | 'other' | 'absent' {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 'absent'
  return found.isDirectory() ? 'directory' : 'other'
}

/** Only what follows the last template counts: a user called `a.b` is not a file. */
function namesFile (segment: string): boolean {
  return EXTENSION.test(segment.slice(segment.lastIndexOf('}') + 1))
}
