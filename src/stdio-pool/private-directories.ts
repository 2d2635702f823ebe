import { mkdir, rm, stat } from 'node:fs/promises'
import { startFailure } from './spawn-process.ts'
import type { WorkerLaunch } from './types.ts'
import { privateHome, privateTmp } from './worker-environment.ts'

/** Nobody but the gateway's own user: a home may hold tokens (T43). */
const OWNER_ONLY = 0o700

/**
 * Creates what a launch needs before its start: the private home and tmp, and the data directories.
 * @throws GatewayError GW_UPSTREAM_START, naming the path
 */
export async function createDirectories (launch: WorkerLaunch): Promise<void> {
  try {
    for (const path of [privateHome(launch.privateDir), privateTmp(launch.privateDir), ...launch.dataDirs]) {
      await mkdir(path, { recursive: true, mode: OWNER_ONLY })
    }
    // A missing cwd would be told as a missing command.
    if (!(await stat(launch.cwd)).isDirectory()) throw new Error(`the working directory ${launch.cwd} is no directory`)
  } catch (error) {
    throw startFailure(launch, new Error((error as Error).message, { cause: error }))
  }
}

/** Removes the private directory with everything in it; links are removed, not followed. Never rejects. */
export async function removePrivateDirectory (launch: WorkerLaunch): Promise<void> {
  await rm(launch.privateDir, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
}
