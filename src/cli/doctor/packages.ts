import type { Environment } from '../../../config/index.ts'
import { createPackageStore, packageRequestOf, reasonOf } from '../../packages/index.ts'
import { systemClock } from '../../shared/clock.ts'
import type { Settings } from '../../shared/settings.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import { counted } from '../fault-lines.ts'
import { fine } from './finding.ts'
import type { Finding } from './finding.ts'

/** Which servers need a launcher, and what there is to say about the packages of the others. */
export interface PackageFindings {
  readonly findings: readonly Finding[]
  /** Servers that start from the store, and so need neither npx nor uvx. */
  readonly stored: ReadonlySet<ServerSettings>
}

/** Holds the store to the lock, as the first start of each server would. */
export async function checkPackages (settings: Settings, env: Environment): Promise<PackageFindings> {
  const launchers = [...settings.servers.values()].filter((server) => server.transport === 'stdio' && packageRequestOf(server) !== undefined)
  if (settings.packages === undefined || launchers.length === 0) return { findings: [], stored: new Set() }
  const unlocked: string[] = []
  const store = createPackageStore({ ...settings.packages, mode: settings.mode, searchPath: env['PATH'] ?? '', nowMs: systemClock.nowMs, onUnlocked: (server) => { unlocked.push(server) } })
  const stored = new Set<ServerSettings>()
  const broken: Finding[] = []
  for (const server of launchers) {
    try {
      if (await store.commandOf(server) !== undefined) stored.add(server)
    } catch (thrown) {
      broken.push({ name: `packages of ${server.name}`, status: 'missing', required: true, found: reasonOf(thrown), fix: 'drawbridge packages install, after drawbridge packages lock where the lock lacks them' })
    }
  }
  const inStore = stored.size === 0 ? [] : [fine('packages', true, `${counted(stored.size, 'server')} from ${settings.packages.directory}, as locked`)]
  const asWritten: Finding[] = unlocked.length === 0 ? [] : [{ name: 'packages', status: 'weak', required: false, found: `fetched anew where a cache lacks them: ${unlocked.join(', ')}`, fix: 'drawbridge packages lock' }]
  return { findings: [...inStore, ...broken, ...asWritten], stored }
}
