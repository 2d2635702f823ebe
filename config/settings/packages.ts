import { hiddenLauncher, isInstalled, isPinned, lockedFor, lockFileOf, packageRequestOf, packagesOf, readLock, reasonOf } from '../../src/packages/index.ts'
import type { PackageLock } from '../../src/packages/index.ts'
import type { Settings } from '../../src/shared/settings.ts'
import type { ServerSettings } from '../../src/shared/settings/server.ts'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { ServerEntry } from '../schema/server-entry.ts'

/** What the packages of entries are held against. */
export interface PackageChecks {
  readonly mode: 'development' | 'production'
  readonly store: NonNullable<Settings['packages']>
  readonly lock: PackageLock | undefined
  /** The gateway file as the operator names it, for the command that mends a fault. */
  readonly configFile: string
}

/** Unpinned packages may change between two starts (T46): refused in production, warned of in development. */
export function checkPins (entry: ServerEntry, mode: 'development' | 'production', place: Place, report: Report): void {
  const hidden = hiddenLauncher(entry.command ?? '', entry.args ?? [])
  if (hidden !== undefined) {
    const message = `expected ${hidden} itself as the command: what it fetches behind another program is neither pinned nor locked`
    if (mode === 'production') report.fault(within(place, 'command'), message)
    else report.warn(within(place, 'command'), message)
  }
  const use = packagesOf(entry.command ?? '', entry.args ?? [])
  for (const spec of use?.specs ?? []) {
    if (use === undefined || isPinned(use.registry, spec)) continue
    const index = (entry.args ?? []).findIndex((arg) => arg === spec || arg.endsWith(`=${spec}`))
    const at = index === -1 ? within(place, 'args') : within(place, 'args', index)
    const message = `expected an exact version of ${spec}, such as ${use.registry === 'npm' ? 'name@1.2.3' : 'name==1.2.3'}: an unpinned package may change at any start`
    if (mode === 'production') report.fault(at, message)
    else report.warn(at, message)
  }
}

/** Where the packages of a gateway file are kept. */
export function packageStoreOf (configFile: string, stateDir: string, chosen: string | undefined): NonNullable<Settings['packages']> {
  return { lockFile: lockFileOf(configFile), directory: chosen ?? `${stateDir}/packages` }
}

/** Reads the lock; one that cannot be trusted is a fault. */
export function readPackageLock (store: NonNullable<Settings['packages']>, place: Place, report: Report): PackageLock | undefined {
  try {
    return readLock(store.lockFile)
  } catch (thrown) {
    report.fault(within(place, 'mcpServers'), reasonOf(thrown))
    return undefined
  }
}

/**
 * In production a launcher starts nothing but what is locked and in the store (T46): the rest is refused here, before the
 * first call would be. In development it is started as written; what the store cannot hold, or should hold and does not,
 * is warned of.
 */
export function checkStored (server: ServerSettings, checks: PackageChecks, place: Place, report: Report): void {
  const found = server.transport === 'stdio' ? lockedFor(server, checks.lock) : undefined
  if (found === undefined) return
  const at = within(place, 'command')
  const isMissing = found.ok && !isInstalled(checks.store.directory, found.value.key)
  const problem = isMissing ? 'its packages are locked but not installed: run drawbridge packages install' : found.ok ? undefined : found.error
  if (problem === undefined) return
  const message = `${problem}${/drawbridge packages \w+$/.test(problem) ? ` --config ${checks.configFile}` : ''}`
  if (checks.mode === 'production') report.fault(at, message)
  else if (isMissing || packageRequestOf(server)?.ok === false || checks.lock !== undefined) report.warn(at, message)
}
