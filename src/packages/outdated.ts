import type { ServerSettings } from '../shared/settings/server.ts'
import { toolEnvironment } from './install-context.ts'
import type { InstallContext } from './install-context.ts'
import { openStore } from './install-package.ts'
import { launchersOf } from './lock-servers.ts'
import { readLock } from './lock-file.ts'
import { latestNpm } from './npm-packages.ts'
import { readSpec } from './package-spec.ts'
import { latestPython } from './python-packages.ts'
import { findPythonTools } from './python-tools.ts'

/** One package that a server asks for by name. */
export interface PackageAge {
  readonly server: string
  readonly name: string
  /** Absent = not locked. */
  readonly locked?: string
  readonly latest: string
}

/** Asks the registries for the newest version of every package that entries name. Changes nothing. */
export async function findOutdated (servers: Iterable<ServerSettings>, context: InstallContext): Promise<PackageAge[]> {
  await openStore(context)
  const lock = readLock(context.lockFile)
  const ages: PackageAge[] = []
  for (const { server, request } of launchersOf(servers, context)) {
    const packages = lock?.installs[lock.servers[server.name]?.install ?? '']?.packages ?? []
    const tools = { env: toolEnvironment(context, server), signal: context.signal }
    for (const spec of request.specs) {
      const name = readSpec(request.registry, spec)?.name ?? spec
      const latest = await context.step(`asking for ${name}`, async () => request.registry === 'npm' ? await latestNpm(name, context.directory, tools) : await latestPython(name, context.directory, findPythonTools(tools, request.python)))
      const locked = packages.find((each) => each.startsWith(`${name}@`))?.slice(name.length + 1)
      ages.push({ server: server.name, name, latest, ...locked === undefined ? {} : { locked } })
    }
  }
  return ages
}
