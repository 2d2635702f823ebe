import { chmodSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { cannotContain, limitsOf, programOf } from './context.ts'
import type { SandboxContext } from './context.ts'
import type { ProcessTools } from './host-support.ts'
import { loaderApart, settingLoader } from './loader-variables.ts'
import { isInside } from './namespace/mount.ts'
import type { Containment, ContainRequest } from './types.ts'
import { giveDirectories, ownDirectories, refuseLinks } from './worker-directories.ts'
import { WORKER_ID, setprivArgs } from './worker-user.ts'

/** May others go through a directory, without seeing what is in it? */
const PASSAGE = 0o001

/**
 * Contains a process by limits, a user of its own (under root) and no new privileges. Nothing keeps it from what that user can
 * read and reach.
 * @throws GatewayError GW_CONFIG, GW_UPSTREAM_START
 */
export async function containByProcess (request: ContainRequest, { setpriv, by }: ProcessTools, { resources, hidden }: SandboxContext): Promise<Containment> {
  const program = programOf(request)
  const own = process.getuid?.() ?? 0
  const uid = request.settings.uid ?? (by === 'root' ? WORKER_ID : own)
  if (by === 'user' && uid !== own) throw cannotContain(request.server, `uid ${uid} can only be given by a gateway that runs as root; this one runs as ${own}`)
  refuseLinks(request, uid)
  giveDirectories(ownDirectories(request), uid)
  if (by === 'root') for (const directory of ownDirectories(request)) openPassage(request, directory, hidden.directories)
  // Others may run under the same id: the kernel's count for it says nothing about one worker.
  const grip = await resources.enter(limitsOf(request, false), request.server)
  const drop = [setpriv, ...setprivArgs(by === 'root' ? { uid, gid: uid } : undefined)]
  const { env, inner } = loaderApart(request.env)
  const [command = setpriv, ...args] = [...grip.prefix, ...drop, ...grip.inner, ...settingLoader(inner), program, ...request.args]
  return {
    level: 'process',
    command,
    args,
    env,
    cwd: request.cwd,
    descriptors: [],
    started: async () => {},
    ended: () => grip.release(),
    mountRefusal: 'level "process" has no mounts of its own'
  }
}

/** The worker's user has to get to its directories: through those that the gateway makes for workers; others are the operator's to open. */
function openPassage ({ server }: ContainRequest, target: string, ours: readonly string[]): void {
  for (let directory = dirname(target); directory !== dirname(directory); directory = dirname(directory)) {
    const { mode } = statSync(directory)
    if ((mode & PASSAGE) !== 0) continue
    if (!ours.some((own) => isInside(directory, own))) throw cannotContain(server, `the workers' user cannot reach ${target}, because ${directory} is closed to it; move that, or chmod o+x ${directory}`)
    chmodSync(directory, (mode & 0o7777) | PASSAGE)
  }
}
