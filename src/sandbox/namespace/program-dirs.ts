import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { isInside } from './mount.ts'

/** What marks the directory that a program's files belong to. */
const MARKS = ['package.json', 'pyproject.toml', 'pyvenv.cfg', 'node_modules', 'deno.json', 'go.mod', 'Cargo.toml']
const MAX_LINKS = 16
/** Shown to every worker anyway. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/nix/store']
/** Places of many things: never shown as a whole because one program lies in them. */
const PLACES = /^\/(?:(?:boot|data|dev|etc|home|media|mnt|opt|proc|root|run|srv|sys|tmp|Users|var)|(?:home|Users|var)\/[^/]+)?$/

/**
 * Directories and files that a program needs to be found and to run: for the file and each link on the way to it, the
 * project it belongs to (nearest directory with a package.json or the like, else the parent of its `bin`, else its directory,
 * else the file alone), and every `node_modules` above it, where Node looks for packages.
 * @param notWhole directories that are never shown as a whole: the gateway user's home, and those that hold many users' data
 */
export function programDirs (file: string, notWhole: readonly string[]): string[] {
  const found = hops(file).filter((path) => !SYSTEM.some((directory) => isInside(path, directory))).flatMap((path) => {
    return [projectOf(path, notWhole), ...modulesAbove(dirname(path))]
  })
  return [...new Set(found)]
}

/** The file as it is named, everything that its links lead through, and the real file. */
function hops (file: string): string[] {
  const found = [file]
  let current = file
  for (let links = 0; links < MAX_LINKS && lstatSync(current, { throwIfNoEntry: false })?.isSymbolicLink() === true; links++) {
    current = resolve(dirname(current), readlinkSync(current))
    found.push(current)
  }
  if (existsSync(file)) found.push(realpathSync(file))
  return [...new Set(found)]
}

function projectOf (file: string, notWhole: readonly string[]): string {
  const isWide = (directory: string): boolean => PLACES.test(directory) || notWhole.includes(directory)
  for (let directory = dirname(file); !isWide(directory); directory = dirname(directory)) {
    if (MARKS.some((mark) => existsSync(join(directory, mark)))) return directory
  }
  const directory = dirname(file)
  if (basename(directory) === 'bin' && !isWide(dirname(directory))) return dirname(directory)
  return isWide(directory) ? file : directory
}

function modulesAbove (start: string): string[] {
  const found: string[] = []
  for (let directory = start; directory !== '/'; directory = dirname(directory)) {
    const modules = join(directory, 'node_modules')
    if (basename(directory) !== 'node_modules' && existsSync(modules)) found.push(modules)
  }
  return found
}
