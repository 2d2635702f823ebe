import type { StoredCommand } from '../packages/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { lateDirectories, mountsLate, prepareLateLaunch, prepareLaunch, type HostEnvironment, type LaunchIdentity, type Worker, type WorkerLaunch, type WorkerPool } from '../stdio-pool/index.ts'

/** What a launch is made with. */
export interface LaunchParts {
  readonly pool: WorkerPool
  readonly host: HostEnvironment
  readonly stateDir: string
}

/**
 * The launch of one process. Where directories are mounted late it is the same for everybody, spare or not, so that a server
 * always finds a user's directory at the same place.
 */
export function launchFor ({ host, stateDir }: LaunchParts, server: ServerSettings, identity: LaunchIdentity, workerKey: string, stored: StoredCommand | undefined): WorkerLaunch {
  const instance = { stateDir, workerKey }
  return mountsLate(server) ? prepareLateLaunch(server, instance, host, stored) : prepareLaunch(server, identity, instance, host, stored)
}

/**
 * Puts the directories of its owner into a worker that was started without them; nothing where it has none. Once per worker,
 * before it is greeted.
 */
export async function mountOwn ({ pool, host, stateDir }: LaunchParts, server: ServerSettings, identity: LaunchIdentity, worker: Worker, launch: WorkerLaunch): Promise<void> {
  if (launch.lateMounts === undefined) return
  const { dataDirs } = prepareLaunch(server, identity, { stateDir, workerKey: '' }, host)
  await pool.mount(worker, lateDirectories(server, identity), dataDirs)
}
