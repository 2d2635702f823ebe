import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of the project. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url))
/** Not the project's own, or made when it runs. */
const NOT_OURS = new Set(['node_modules', '.git', '.cache', '.work', '.drawbridge', '.venv', 'data', 'instance', 'coverage'])

/** Every page of the project, as absolute paths. */
export function pages (folder = projectRoot): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : pages(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** For messages. */
export function pageName (path: string): string {
  return relative(projectRoot, path)
}
