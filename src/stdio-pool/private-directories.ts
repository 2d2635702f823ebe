import { mkdir, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { startFailure } from './spawn-process.ts'
import type { WorkerLaunch } from './types.ts'
import { privateHome } from './worker-environment.ts'

/** Nobody but the gateway's own user: a home may hold tokens (T43). */
const OWNER_ONLY = 0o700

/**
 * Creates what a launch needs before its start: the private home, the directory for temporary files, and the data directories.
 * @throws GatewayError GW_UPSTREAM_START, naming the path
 */
export async function createDirectories (launch: WorkerLaunch): Promise<void> {
  try {
    for (const path of [privateHome(launch.privateDir), ...launch.dataDirs]) await makeDirectory(path)
    // What is there already, under an unguessable name, is somebody's trap.
    await mkdir(launch.tmpDir, OWNER_ONLY)
    // By this link the supervisor finds it.
    await symlink(launch.tmpDir, join(launch.privateDir, 'tmp'))
    // A missing cwd would be told as a missing command.
    if (!(await stat(launch.cwd)).isDirectory()) throw new Error(`the working directory ${launch.cwd} is no directory`)
  } catch (error) {
    throw startFailure(launch, new Error((error as Error).message, { cause: error }))
  }
}

/** Removes the private directory and TMPDIR with everything in them; links are removed, not followed. Never rejects. */
export async function removePrivateDirectory (launch: WorkerLaunch): Promise<void> {
  for (const path of [launch.tmpDir, launch.privateDir]) {
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  }
}

/**
 * Makes a directory and its parents. Not mkdir's own `recursive`: that never returns where a file system answers ENOENT
 * under an existing directory (/proc, an automounter).
 */
export async function makeDirectory (path: string): Promise<void> {
  const missing = await makeOne(path)
  if (!missing) return
  if (dirname(path) === path) throw missing
  await makeDirectory(dirname(path))
  const stillMissing = await makeOne(path)
  if (stillMissing) throw stillMissing
}

/** The error if a parent is missing; undefined if there is a directory now. */
async function makeOne (path: string): Promise<Error | undefined> {
  try {
    await mkdir(path, OWNER_ONLY)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return error as Error
    if (code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error
  }
  return undefined
}
