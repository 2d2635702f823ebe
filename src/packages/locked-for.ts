import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import type { LockedInstall, LockedServer, PackageLock } from './lock-types.ts'
import { packageRequestOf } from './package-request.ts'
import type { LaunchEntry } from './package-request.ts'
import type { PackageRequest } from './types.ts'

/** A request and the install that answers it. */
export interface Locked {
  readonly request: PackageRequest
  readonly key: string
  readonly install: LockedInstall
}

/**
 * What the lock holds for an entry; `undefined` = it is no package launcher.
 * @returns refused with a reason that names what to do, if the store cannot express the command or the lock does not answer it
 */
export function lockedFor (server: LaunchEntry & { readonly name: string }, lock: PackageLock | undefined): Result<Locked, string> | undefined {
  const request = packageRequestOf(server)
  if (request === undefined) return undefined
  if (!request.ok) return refuse(`the package store cannot hold what this launcher starts: ${request.error}; write a plain package with its version, or start an installed program by its path`)
  const locked = lock !== undefined && Object.hasOwn(lock.servers, server.name) ? lock.servers[server.name] : undefined
  if (locked === undefined) return refuse('its packages are not locked: run drawbridge packages lock')
  const install = lock?.installs[locked.install]
  if (install === undefined || !answers(locked, request.value)) return refuse('the lock is for other packages than the entry names now: run drawbridge packages lock')
  return ok({ request: request.value, key: locked.install, install })
}

/** Was this entry locked for the same packages, Python and scripts? Programs and arguments may differ. */
export function answers (locked: LockedServer, { registry, specs, python, allowScripts }: PackageRequest): boolean {
  return JSON.stringify([locked.registry, locked.specs, locked.python, locked.allowScripts]) === JSON.stringify([registry, specs, python, allowScripts])
}
