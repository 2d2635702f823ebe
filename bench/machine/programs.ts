import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Those of the programs that are not on the PATH. */
export function missingPrograms (names: readonly string[]): string[] {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  return names.filter((name) => !directories.some((directory) => isProgram(join(directory, name))))
}

function isProgram (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
