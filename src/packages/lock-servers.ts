import type { ServerSettings } from '../shared/settings/server.ts'
import { installPackages, openStore, resolvePackages } from './install-package.ts'
import type { InstallContext } from './install-context.ts'
import { verifyInstall } from './installed.ts'
import { answers } from './locked-for.ts'
import { EMPTY_LOCK, installKey, readLock, writeLock } from './lock-file.ts'
import type { LockedInstall, LockedServer, PackageLock } from './lock-types.ts'
import { packageFault } from './package-fault.ts'
import { packageRequestOf } from './package-request.ts'
import type { PackageRequest } from './types.ts'

/** What became of one server. */
export interface LockOutcome {
  readonly server: string
  /** `name@version` of what runs from now on. */
  readonly packages: readonly string[]
  /** What ran before, if that is another. */
  readonly before?: readonly string[]
  readonly changed: boolean
}

/** Entries that start packages by a launcher, with what they ask for; those that the store cannot express are noted and left out. */
export function launchersOf (servers: Iterable<ServerSettings>, context: Pick<InstallContext, 'note'>): { server: ServerSettings, request: PackageRequest }[] {
  return [...servers].flatMap((server) => {
    const request = server.transport === 'stdio' ? packageRequestOf(server) : undefined
    if (request === undefined) return []
    if (request.ok) return [{ server, request: request.value }]
    context.note(`mcpServers.${server.name} stays as written: the package store cannot hold it, because ${request.error}`)
    return []
  })
}

/**
 * Resolves and installs what is not locked yet, or anew what `isDue` says, and then writes the lock, once. What a server had
 * before stays in lock and store as its previous install, so that workers of it run on and a rollback finds it. Servers that
 * are no longer configured leave the lock.
 */
export async function lockServers (servers: Iterable<ServerSettings>, isDue: (server: ServerSettings) => boolean, context: InstallContext): Promise<LockOutcome[]> {
  await openStore(context)
  const before = readLock(context.lockFile) ?? EMPTY_LOCK
  const locked: Record<string, LockedServer> = {}
  const installs: Record<string, LockedInstall> = { ...before.installs }
  const outcomes: LockOutcome[] = []
  for (const { server, request } of launchersOf(servers, context)) {
    const known = Object.hasOwn(before.servers, server.name) ? before.servers[server.name] : undefined
    if (known !== undefined && answers(known, request) && !isDue(server)) {
      locked[server.name] = known
      outcomes.push({ server: server.name, packages: installs[known.install]?.packages ?? [], changed: false })
      continue
    }
    const found = await context.step(`resolving ${request.specs.join(' ')}`, async () => await resolvePackages(request, server, context))
    const key = installKey(found)
    installs[key] = await present(key, installs[key] ?? found, server, context)
    locked[server.name] = entryOf(request, key, known)
    outcomes.push({ ...outcomeOf(server.name, found, known?.install === key ? undefined : before.installs[known?.install ?? '']), changed: known?.install !== key })
  }
  writeLock(context.lockFile, { lockVersion: 1, servers: locked, installs })
  return outcomes
}

function entryOf ({ registry, specs, python, allowScripts }: PackageRequest, install: string, known: LockedServer | undefined): LockedServer {
  const previous = known?.install === install ? known.previous : known?.install
  return { registry, specs, ...python === undefined ? {} : { python }, allowScripts, install, ...previous === undefined ? {} : { previous } }
}

function outcomeOf (server: string, install: LockedInstall, before: LockedInstall | undefined): LockOutcome {
  return { server, packages: install.packages, changed: true, ...before === undefined ? {} : { before: before.packages } }
}

/** What is in the store and as it should be stays; everything else is installed. */
async function present (key: string, install: LockedInstall, server: ServerSettings | undefined, context: InstallContext): Promise<LockedInstall> {
  const isThere = await verifyInstall(context.directory, key, install).then(() => true, () => false)
  if (isThere) return install
  return await context.step(`installing ${install.packages.join(' ')}`, async () => await installPackages(key, install, server, context))
}

/**
 * Installs exactly what the lock says for these servers; what is in the store already is verified. Writes to the lock only
 * what this platform's files are, if it did not say that yet.
 * @throws GatewayError GW_UPSTREAM_START if a server is not locked, or a package is not what was locked (T46)
 */
export async function installLocked (servers: Iterable<ServerSettings>, context: InstallContext): Promise<LockOutcome[]> {
  await openStore(context)
  const lock = readLock(context.lockFile) ?? EMPTY_LOCK
  const installs: Record<string, LockedInstall> = { ...lock.installs }
  const outcomes: LockOutcome[] = []
  for (const { server, request } of launchersOf(servers, context)) {
    const locked = Object.hasOwn(lock.servers, server.name) ? lock.servers[server.name] : undefined
    const install = locked === undefined ? undefined : installs[locked.install]
    if (locked === undefined || install === undefined || !answers(locked, request)) throw packageFault(`mcpServers.${server.name}: ${request.specs.join(' ')} is not locked: run drawbridge packages lock`)
    const now = await present(locked.install, install, server, context)
    outcomes.push({ server: server.name, packages: now.packages, changed: now !== install })
    installs[locked.install] = now
  }
  if (JSON.stringify(installs) !== JSON.stringify(lock.installs)) writeLock(context.lockFile, { ...lock, installs })
  return outcomes
}

/**
 * Puts the previous install of these servers in the place of the current one, which becomes the previous one: doing it twice
 * changes nothing. What is no longer in the store is installed again.
 * @throws GatewayError GW_UPSTREAM_START if a server has no previous install
 */
export async function rollBack (servers: readonly ServerSettings[], context: InstallContext): Promise<LockOutcome[]> {
  await openStore(context)
  const lock: PackageLock = readLock(context.lockFile) ?? EMPTY_LOCK
  const locked: Record<string, LockedServer> = { ...lock.servers }
  const installs: Record<string, LockedInstall> = { ...lock.installs }
  const outcomes: LockOutcome[] = []
  for (const server of servers) {
    const known = Object.hasOwn(lock.servers, server.name) ? lock.servers[server.name] : undefined
    const previous = installs[known?.previous ?? '']
    if (known?.previous === undefined || previous === undefined) throw packageFault(`mcpServers.${server.name} has no previous packages to go back to`)
    installs[known.previous] = await present(known.previous, previous, server, context)
    locked[server.name] = { ...known, install: known.previous, previous: known.install }
    outcomes.push(outcomeOf(server.name, previous, installs[known.install]))
  }
  writeLock(context.lockFile, { lockVersion: 1, servers: locked, installs })
  return outcomes
}
