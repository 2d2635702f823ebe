import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPackageStore, reasonOf } from '../../../src/packages/index.ts'
import type { InstallContext, PackageStore, StoredCommand } from '../../../src/packages/index.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { startRegistry, type PackageRegistry } from '../../helpers/package-registry.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { removeStore } from '../../helpers/remove-store.ts'

/** A registry, a place for a lock, and what installing needs. */
export interface StoreParts {
  readonly registry: PackageRegistry
  /** An install context with a store of its own beside the same lock; `fresh` = also empty download caches, as a fresh clone has. */
  context (fresh?: boolean): Promise<InstallContext>
  /** What installs told the operator. */
  readonly notes: string[]
  readonly lockFile: string
}

/** Starts the parts of a suite. `cleanUp` takes what has to be done at its end. */
export async function storeParts (cleanUp: (done: () => Promise<void>) => void): Promise<StoreParts> {
  const registry = await startRegistry(cleanUp)
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-store-'))
  cleanUp(async () => { await removeStore(folder) })
  const lockFile = join(folder, 'gateway.lock.json')
  const notes: string[] = []
  const common = await registry.environment()
  return {
    registry,
    notes,
    lockFile,
    async context (fresh = false) {
      return {
        directory: join(await mkdtemp(join(folder, 'state-')), 'packages'),
        lockFile,
        env: fresh ? await registry.environment() : common,
        signal: new AbortController().signal,
        step: async (_what, work) => await work(),
        note: (text) => { notes.push(text) }
      }
    }
  }
}

/** An entry that npx starts. */
export function npxEntry (name: string, spec: string, own: Partial<ServerSettings> = {}): ServerSettings {
  return serverSettings({ ...own, name, command: 'npx', args: ['-y', spec, ...own.args ?? []] })
}

/** The gateway's view of a store; its clock stands still unless `nowMs` says otherwise. */
export function storeOf (context: InstallContext, options: { readonly mode?: 'development' | 'production', readonly nowMs?: () => number, readonly onUnlocked?: (server: string, reason: string) => void } = {}): PackageStore {
  return createPackageStore({
    directory: context.directory,
    lockFile: context.lockFile,
    mode: options.mode ?? 'production',
    searchPath: process.env['PATH'] ?? '',
    nowMs: options.nowMs ?? (() => 0),
    onUnlocked: options.onUnlocked ?? (() => undefined)
  })
}

/** Runs a stored command and returns what it printed; the environment holds nothing but what the store asks for. */
export async function outputOf (stored: StoredCommand | undefined): Promise<string> {
  if (stored === undefined) throw new Error('the command is not in the store')
  const { stdout } = await promisify(execFile)(stored.command, [...stored.args], { env: { ...stored.env }, cwd: '/' })
  return stdout.trim()
}

/** Why it was refused. @throws when it was not */
export async function refusalOf (attempt: Promise<unknown>): Promise<string> {
  return await attempt.then(() => { throw new Error('it was not refused') }, reasonOf)
}
