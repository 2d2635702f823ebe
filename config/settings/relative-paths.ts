import { existsSync } from 'node:fs'
import { isAbsolute, posix, resolve } from 'node:path'

/** `./x`, `../x`, `.`, `..`, alone or behind `--option=`. */
const RELATIVE = /^(--?[A-Za-z][\w-]*=)?(\.{1,2}(?:\/.*)?)$/s
/** Programs whose first plain argument is a script file. */
const INTERPRETERS = /^(?:node|nodejs|bun|deno|tsx|ts-node|python|python3|python3\.\d+|pypy3?|ruby|perl|php|sh|bash)$/

/**
 * Makes a value that begins with `./` or `../` absolute. Workers run in a private directory, so a relative path would
 * mean something else to them than to whoever wrote it. `{tenant}` and `{user}` stay as they are.
 * @param base the entry's `cwd` (made absolute), or the gateway's working directory
 */
export function absolutePath (value: string, base: string): string {
  const parts = RELATIVE.exec(value)
  const path = parts?.[2]
  if (path === undefined) return value
  // posix.join, not resolve: a trailing slash carries meaning for rsync-like programs
  return `${parts?.[1] ?? ''}${isAbsolute(base) ? posix.join(base, path) : resolve(base, path)}`
}

/**
 * Arguments with relative paths made absolute. `python server.py` means a file next to whoever wrote it, too: the script
 * argument of an interpreter is made absolute if that file exists and the entry names no `cwd`.
 */
export function absoluteArgs (command: string, args: readonly string[], base: string, hasCwd: boolean): string[] {
  const script = hasCwd || !INTERPRETERS.test(posix.basename(command)) ? -1 : args.findIndex((arg) => !arg.startsWith('-'))
  return args.map((arg, index) => {
    if (index === script && !isAbsolute(arg) && existsSync(resolve(base, arg))) return resolve(base, arg)
    return absolutePath(arg, base)
  })
}

/** A program given by a relative path is found from the working directory; a bare name is left for PATH. */
export function absoluteCommand (command: string, base: string): string {
  return command.includes('/') ? resolve(base, command) : command
}
