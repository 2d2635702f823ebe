import { existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathsIn } from '../../shared/path-texts.ts'
import type { ContainRequest } from '../types.ts'
import { refuseLinksOn } from '../worker-directories.ts'
import { inOrder, isInside } from './mount.ts'
import type { Mount } from './mount.ts'
import { programDirs } from './program-dirs.ts'

/** What the gateway keeps from workers, whatever project or directory of an entry holds it. Absolute. */
export interface HiddenPaths {
  /** The state directory, and directories that hold many users' data: only the worker's own part is seen. */
  readonly directories: readonly string[]
  /** Configuration files. */
  readonly files: readonly string[]
  /** Directories that are not shown as a whole because a program lies in them: the gateway user's home. */
  readonly notWhole: readonly string[]
}

/**
 * What of the host one worker sees, besides the system: read-only its program's directories, its working directory and the
 * files that its entry names; writable its data, its private directory and TMPDIR. `readOnly` wins over what lies in it.
 * No link that a worker may have left is followed (T43).
 * @param program the command, found: absolute
 * @param uid of workers: who may have made a link
 * @throws GatewayError GW_UPSTREAM_START, naming such a link
 */
export function workerView (request: ContainRequest, program: string, hidden: HiddenPaths, uid: number): Mount[] {
  const { settings } = request
  const notWhole = [...hidden.notWhole, ...hidden.directories]
  const named = pathsOf([...request.args, ...Object.values(request.env)], request.cwd)
  const files = named.filter((path) => isFile(path) && !isSystem(path))
  const writable = [...request.dataDirs, ...request.namedDirs, ...settings.writable]
    .filter((path) => existsSync(path) && !settings.readOnly.some((directory) => isInside(path, directory)))
  // One in another is seen already: what a worker may put in its place is not mounted.
  const own = outermost([...writable, request.privateDir, request.tmpDir], hidden.directories)
  const isOwn = (path: string): boolean => own.some((directory) => isInside(path, directory)) && !settings.readOnly.some((directory) => isInside(path, directory))
  const scripts = pathsOf(request.args, request.cwd).filter((path) => isFile(path) && !isOwn(path))
  refuseLinksOn(request.server, [...own, ...settings.readOnly, request.cwd, program, ...scripts, ...files.filter((path) => !isOwn(path))], suspects(own, request, uid))
  const programs = [program, ...scripts].flatMap((file) => programDirs(file, notWhole))
  const needed = [...programs, ...files, ...request.programDirs, request.cwd].filter((path) => !own.some((directory) => isInside(path, directory)))
  const mounts: Mount[] = [
    ...outermost(needed.filter((path) => existsSync(path) && !isSystem(path)), hidden.directories).map((path): Mount => ({ kind: 'ro', path })),
    ...settings.readOnly.filter((path) => existsSync(path)).map((path): Mount => ({ kind: 'ro', path })),
    ...own.map((path): Mount => ({ kind: 'rw', path }))
  ]
  return inOrder([...mounts, ...coverings(mounts, hidden)].map((mount) => throughLinks(mount, mounts)))
}

/**
 * Which links a worker may have made: those of its user. Where that is the gateway's own user, who has links of its own
 * everywhere, those in what this worker writes to.
 */
function suspects (own: readonly string[], { settings }: ContainRequest, uid: number): (link: string) => boolean {
  const isWritable = (link: string): boolean => own.some((directory) => link !== directory && isInside(link, directory)) && !settings.readOnly.some((directory) => link !== directory && isInside(link, directory))
  return (link) => lstatSync(link).uid === uid && (uid !== process.getuid?.() || isWritable(link))
}

/** Without what is seen anyway because it lies in another one, unless something between the two is hidden. */
function outermost (paths: readonly string[], hidden: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((outer) => {
    return outer !== path && isInside(path, outer) && !hidden.some((between) => isInside(path, between) && isInside(between, outer))
  }))
}

function pathsOf (texts: readonly string[], cwd: string): string[] {
  return [...new Set(texts.flatMap((text) => pathsIn(text)))].map((path) => resolve(cwd, path))
}

/** A path that goes through a link inside something shown is reached by that link inside, too: what it leads to is what is mounted. */
function throughLinks (mount: Mount, shown: readonly Mount[]): Mount {
  const outer = shown.find((other) => other.path !== mount.path && isInside(mount.path, other.path))
  if (outer === undefined) return mount
  const real = realpathSync(mount.path)
  return real === join(realpathSync(outer.path), relative(outer.path, mount.path)) ? mount : { ...mount, path: real }
}

/** What has to be hidden because it lies in something that is shown. */
function coverings (shown: readonly Mount[], { directories, files }: HiddenPaths): Mount[] {
  const within = (path: string): boolean => shown.some((mount) => mount.path !== path && isInside(path, mount.path))
  return [
    ...directories.filter((path) => within(path) && isThere(path)).map((path): Mount => ({ kind: 'empty', path })),
    ...files.filter((path) => within(path) && isFile(path)).map((path): Mount => ({ kind: 'unreadable', path }))
  ]
}

/** One that comes to be later, under a worker that runs, would be seen by it: it is made now. */
function isThere (path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch {
    return existsSync(path)
  }
}

function isFile (path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Shown to every worker, or never. */
function isSystem (path: string): boolean {
  return ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc', '/proc', '/sys', '/dev'].some((directory) => isInside(path, directory))
}
