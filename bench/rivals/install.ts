import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('.', import.meta.url))
/** Scratch directory of the bench; git ignores it. */
export const workDir = fileURLToPath(new URL('../.work/', import.meta.url))
const installed = join(workDir, 'rivals')

/** Installs the pinned rivals by their lock, without running their install scripts; a second call does nothing. */
export async function installRivals (say: (line: string) => void): Promise<void> {
  const lock = readFileSync(join(source, 'package-lock.json'), 'utf8')
  const stamp = join(installed, '.installed')
  mkdirSync(installed, { recursive: true })
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    say('installing the pinned rivals …')
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(source, file), join(installed, file))
    await npmCi()
    writeFileSync(stamp, lock)
  }
  for (const program of ['naive', 'http-proxy']) cpSync(join(source, program), join(installed, program), { recursive: true })
}

async function npmCi (): Promise<void> {
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: installed, stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(npm, 'exit') as [number | null]
  if (code !== 0) throw new Error('npm could not install the rivals; see its lines above')
}

/** A file of an installed rival. */
export const rivalFile = (path: string): string => join(installed, 'node_modules', path)

/** The naive proxy, in its copy beside the SDK it is pinned to. */
export const naiveProxyFile = join(installed, 'naive', 'naive-proxy.mjs')

/** Starts @fastify/http-proxy, in its copy beside it. */
export const httpProxyFile = join(installed, 'http-proxy', 'http-proxy.mjs')

/** Pinned versions, for the result file. */
export function rivalVersions (): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  return manifest.dependencies
}
