import type { ContainRequest } from '../types.ts'
import { cannotContain } from '../context.ts'
import { isLoaderVariable } from '../loader-variables.ts'

/** Variables of the host that mean nothing in an image, or point to programs that are not in it. */
const HOST_ONLY = ['PATH']
/** Said in the command line, because the engine's client has its own; no secrets. */
const WORKER_PLACES = ['HOME', 'TMPDIR']

/** What a container is started with. */
export interface ContainerParts {
  readonly request: ContainRequest
  readonly image: string
  /** Unique on this machine: by it the container is removed if its client was killed. */
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** Host paths that the container sees under the same path. */
  readonly mounts: ReadonlyArray<{ readonly path: string, readonly writable: boolean }>
}

/**
 * Arguments of `docker run` or `podman run` that come to the same as level `namespace`. Values of variables are not in them:
 * `--env NAME` takes them from the client's environment (T41).
 * @throws GatewayError GW_CONFIG for what an engine cannot do
 */
export function runArgs ({ request, image, name, uid, gid, mounts }: ContainerParts): string[] {
  const { settings, env, cwd, command, args } = request
  return [
    'run', '--rm', '--interactive', '--init', '--name', name, '--label', 'drawbridge.worker=1',
    '--read-only', '--tmpfs', '/tmp:rw,nosuid,nodev,mode=1777,size=268435456',
    '--user', `${uid}:${gid}`, '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges',
    '--network', networkOf(request),
    '--pids-limit', String(settings.pids),
    ...(settings.memoryMb === undefined ? [] : ['--memory', `${settings.memoryMb}m`, '--memory-swap', `${settings.memoryMb}m`]),
    ...(settings.cpu === undefined ? [] : ['--cpus', String(settings.cpu)]),
    ...mounts.flatMap((mount) => ['--mount', mountText(request.server, mount)]),
    ...Object.entries(env).flatMap(([variable, value]) => HOST_ONLY.includes(variable) ? [] : ['--env', WORKER_PLACES.includes(variable) || isLoaderVariable(variable) ? `${variable}=${value}` : variable]),
    '--workdir', cwd,
    image, command, ...args
  ]
}

function networkOf ({ server, settings: { network } }: ContainRequest): string {
  if (network === 'full') return 'bridge'
  if (network === 'none' || network.length === 0) return 'none'
  throw cannotContain(server, 'level "container" has no guarded proxy: write sandbox.network: none, or full for all that the engine\'s network reaches')
}

/** The engine reads commas as ends of fields. */
function mountText (server: string, { path, writable }: ContainerParts['mounts'][number]): string {
  if (/[",\n]/.test(path)) throw cannotContain(server, `${JSON.stringify(path)} cannot be mounted into a container, because of a comma, quote or line break in it`)
  return `type=bind,source=${path},target=${path}${writable ? '' : ',readonly'}`
}
