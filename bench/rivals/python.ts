import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { workDir } from './install.ts'

const requirements = fileURLToPath(new URL('./python-requirements.txt', import.meta.url))
const venv = join(workDir, 'python')
const INSTALL_WITHIN_MS = 600_000

/** The program that serves a stdio server with Ray Serve. */
export const rayProgram = fileURLToPath(new URL('./ray/stdio_service.py', import.meta.url))

/** A program of the Python rivals' own environment, such as `python` or `mcp-proxy`. */
export const pythonProgram = (name: string): string => join(venv, 'bin', name)

/**
 * Installs the Python rivals into an environment of their own, by the complete list of versions; a second call does nothing.
 * Where that cannot be done it says so and their rows are without figures.
 */
export async function installPython (say: (line: string) => void): Promise<void> {
  const wanted = readFileSync(requirements, 'utf8')
  const stamp = join(venv, '.installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const run = promisify(execFile)
  try {
    say('installing the Python rivals (some 100 MB) …')
    await run('python3', ['-m', 'venv', venv], { timeout: INSTALL_WITHIN_MS })
    await run(pythonProgram('pip'), ['install', '--quiet', '--no-deps', '-r', requirements], { timeout: INSTALL_WITHIN_MS })
    writeFileSync(stamp, wanted)
  } catch (error) {
    say(`the Python rivals cannot be installed here, their rows stay empty: ${error instanceof Error ? error.message.split('\n')[0] ?? '' : String(error)}`)
  }
}

/** Their versions, for the result file. */
export function pythonVersions (): Readonly<Record<string, string>> {
  const pins = [...readFileSync(requirements, 'utf8').matchAll(/^(mcp-proxy|ray)==(\S+)$/gm)]
  return Object.fromEntries(pins.map(([, name = '', version = '']) => [`${name} (PyPI)`, version]))
}
