import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'

/** Where system programs are, whatever PATH says. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Absolute path of a system program; undefined = not installed. Looks only where nobody but root can put one. */
export function findSystemProgram (name: string): string | undefined {
  return findCommand(name, SYSTEM_PATH, '/')
}

/** The file that a command names: itself if it has a slash (from `cwd`), else the first executable on `path`. */
export function findCommand (command: string, path: string, cwd: string): string | undefined {
  const candidates = command.includes('/') ? [resolve(cwd, command)] : path.split(':').filter(isAbsolute).map((folder) => join(folder, command))
  return candidates.find(isExecutable)
}

function isExecutable (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
