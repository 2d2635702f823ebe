import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cannotContain, programOf } from '../context.ts'
import type { SandboxContext } from '../context.ts'
import { ENGINES, isEngine } from '../choose-level.ts'
import { findCommand } from '../find-program.ts'
import { isInside } from '../namespace/mount.ts'
import { loaderApart } from '../loader-variables.ts'
import { workerView } from '../namespace/view.ts'
import { runProgram } from '../run-program.ts'
import type { Containment, ContainRequest } from '../types.ts'
import { giveDirectories, ownDirectories, refuseLinks } from '../worker-directories.ts'
import { WORKER_ID } from '../worker-user.ts'
import { runArgs } from './run-args.ts'

const MOUNT_REFUSAL = 'level "container" cannot mount into a container that runs'

/**
 * Contains a process by a container engine: as the entry itself says when its command is `docker run`, else in the image
 * that `sandbox.image` names.
 * @throws GatewayError GW_CONFIG (no engine, no image, what an engine cannot do), GW_UPSTREAM_START
 */
export async function containInContainer (request: ContainRequest, context: SandboxContext): Promise<Containment> {
  const { server, settings } = request
  if (isEngine(request.command)) return { ...asWritten(request), command: programOf(request) }
  const path = context.engineEnv['PATH'] ?? ''
  const engine = ENGINES.map((name) => findCommand(name, path, '/')).find((found) => found !== undefined)
  if (engine === undefined) throw cannotContain(server, `level "container" needs one of ${ENGINES.join(', ')} on the gateway's PATH`)
  if (settings.image === undefined) throw cannotContain(server, 'level "container" needs sandbox.image, the image that has the command, unless the command is docker run itself')
  const user = userOf(request)
  refuseLinks(request, user.uid)
  giveDirectories(ownDirectories(request), user.uid)
  const name = `drawbridge-${randomBytes(8).toString('hex')}`
  return {
    level: 'container',
    command: engine,
    args: runArgs({ request, image: settings.image, name, ...user, mounts: mountsOf(request, context, user.uid) }),
    env: { ...loaderApart(request.env).env, ...context.engineEnv },
    cwd: '/',
    descriptors: [],
    started: async () => {},
    // A client that was killed leaves its container running.
    ended: async () => { await runProgram(engine, ['rm', '--force', name], context.engineEnv) },
    mountRefusal: MOUNT_REFUSAL
  }
}

function asWritten ({ command, args, env, cwd }: ContainRequest): Containment {
  const nothing = async (): Promise<void> => {}
  return { level: 'container', command, args, env, cwd, descriptors: [], started: nothing, ended: nothing, mountRefusal: MOUNT_REFUSAL }
}

function userOf ({ settings }: ContainRequest): { uid: number, gid: number } {
  const own = process.getuid?.() ?? 0
  const uid = settings.uid ?? (own === 0 ? WORKER_ID : own)
  return { uid, gid: uid === own ? process.getgid?.() ?? uid : uid }
}

/** What a worker in a namespace would see, without the host's own programs: the image has its own. */
function mountsOf (request: ContainRequest, { hidden }: SandboxContext, uid: number): Array<{ path: string, writable: boolean }> {
  const program = request.command.includes('/') && existsSync(request.command) ? request.command : '/usr/bin'
  return workerView(request, program, hidden, uid).flatMap((mount) => {
    if (mount.kind === 'empty' || mount.kind === 'unreadable') throw cannotContain(request.server, `${mount.path} lies in a directory of the entry and cannot be hidden from a container; move one of them`)
    return mount.kind === 'symlink' || isInside(mount.path, '/usr') ? [] : [{ path: mount.path, writable: mount.kind === 'rw' }]
  })
}
