import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import type { Environment } from '../../../config/index.ts'
import type { Clock } from '../../shared/clock.ts'
import { brandAs } from '../../shared/ids.ts'
import { lockedFor, packagesOf, readLock } from '../../packages/index.ts'
import type { Settings } from '../../shared/settings.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import { prepareLaunch, readHostEnvironment } from '../../stdio-pool/index.ts'
import type { Output } from '../command.ts'
import { createProgress } from './progress.ts'

/** Slow networks and native builds: a cold sqlite server took 96 s. */
const MAX_FETCH_MS = 180_000

/** One thing to fetch: the packages of a server that npx starts. */
export interface PackageFetch {
  readonly specs: readonly string[]
  readonly server: ServerSettings
}

/** What fetching needs. */
export interface WarmOptions {
  readonly env: Environment
  readonly stderr: Output
  readonly clock: Clock
  /** Aborted when the gateway ends. */
  readonly signal: AbortSignal
  /** Program to call in place of npm, for tests. Default `npm`. */
  readonly npm?: string
}

/** The distinct package sets of all npx servers that the package store does not hold, in the order of the configuration. */
export function fetchesOf (settings: Settings): PackageFetch[] {
  const found = new Map<string, PackageFetch>()
  const lock = settings.packages === undefined ? undefined : readLock(settings.packages.lockFile)
  for (const server of settings.servers.values()) {
    if (lockedFor(server, lock)?.ok === true) continue
    if (server.transport !== 'stdio' || basename(server.command) !== 'npx') continue
    const specs = packagesOf(server.command, server.args)?.specs
    if (specs !== undefined) found.set(specs.join(' '), { specs, server })
  }
  return [...found.values()]
}

/**
 * Fetches the packages of npx servers into the cache that workers use, one after the other, and shows how far it is. A
 * failure is told and left at that: the worker tries again at its first call.
 */
export async function warmPackages (settings: Settings, options: WarmOptions): Promise<void> {
  const fetches = fetchesOf(settings)
  const progress = createProgress(options.stderr, options.clock, fetches.length)
  for (const fetch of fetches) {
    if (options.signal.aborted) return
    progress.begin(fetch.specs.join(' '))
    const failure = await runNpm(fetch, settings.stateDir, options)
    if (options.signal.aborted) return progress.abandon()
    progress.end(failure)
  }
}

/** Runs npm as a worker's npx would: same cache, same registry. @returns why it failed, in a few words */
async function runNpm ({ specs, server }: PackageFetch, stateDir: string, options: WarmOptions): Promise<string | undefined> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const identity = { tenant: brandAs<never>('nobody'), user: brandAs<never>('nobody') }
  const launch = prepareLaunch(server, identity, { stateDir, workerKey: 'fetch' }, readHostEnvironment({ ...options.env }))
  const args = ['exec', '--yes', ...specs.map((spec) => `--package=${spec}`), '--', 'node', '-e', '0']
  return await new Promise((resolve) => {
    const child = spawn(options.npm ?? 'npm', args, { cwd: stateDir, detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: { ...launch.env, HOME: stateDir, TMPDIR: tmpdir() } })
    let stderr = ''
    let timedOut = false
    // The whole group: npm starts installers of its own.
    const endGroup = () => { try { process.kill(-(child.pid ?? NaN), 'SIGKILL') } catch { /* gone already */ } }
    const timer = setTimeout(() => { timedOut = true; endGroup() }, MAX_FETCH_MS)
    options.signal.addEventListener('abort', endGroup, { once: true })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr = (stderr + text).slice(-4096) })
    const settle = (failure: string | undefined) => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', endGroup)
      resolve(failure)
    }
    child.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ENOENT' ? 'npm is not installed' : error.message))
    child.on('close', (code) => settle(code === 0 ? undefined : timedOut ? `not done after ${MAX_FETCH_MS / 1000} s` : reasonOf(stderr, code)))
  })
}

/** The first line of npm's complaint that says something. */
function reasonOf (stderr: string, code: number | null): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim()).filter((line) => line !== '' && !line.startsWith('A complete log'))
  return lines.find((line) => !/^code /.test(line)) ?? `npm ended with ${String(code)}`
}
