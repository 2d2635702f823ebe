import { spawn } from 'node:child_process'
import { close } from 'node:fs'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { GatewayError } from '../shared/errors.ts'
import type { Containment } from '../sandbox/index.ts'
import type { WorkerLaunch } from './types.ts'

/** A child with a pid: it was started. */
export type StartedChild = ChildProcessWithoutNullStreams & { readonly pid: number }

/**
 * Starts the process of a launch as its containment says: by argv, never through a shell (T45), as the leader of its own
 * process group (T44), three pipes and no descriptor but the containment's, which are closed on this side.
 * @throws GatewayError GW_UPSTREAM_START; its reason names the command and the system's error code
 */
export async function spawnProcess (launch: WorkerLaunch, contained: Pick<Containment, 'command' | 'args' | 'env' | 'cwd' | 'descriptors'>): Promise<StartedChild> {
  let child: ChildProcessWithoutNullStreams
  try {
    child = spawn(contained.command, [...contained.args], {
      cwd: contained.cwd, env: contained.env, detached: true, shell: false, windowsHide: true, stdio: ['pipe', 'pipe', 'pipe', ...contained.descriptors]
    }) as ChildProcessWithoutNullStreams
  } catch (error) {
    throw startFailure(launch, error)
  } finally {
    for (const descriptor of contained.descriptors) close(descriptor, ignore)
  }
  if (isStarted(child)) {
    child.on('error', ignore)
    return child
  }
  return await new Promise((_resolve, reject) => {
    child.once('error', (error) => reject(startFailure(launch, error)))
  })
}

/** Any failure on the way to a process, as the error that the caller of the pool is given. */
export function startFailure (launch: WorkerLaunch, error: unknown): GatewayError {
  const { code, message } = error as NodeJS.ErrnoException
  const why = code === 'ENOENT' ? 'ENOENT, the command is not there, or its interpreter is not' : code ?? message
  return new GatewayError('GW_UPSTREAM_START', { reason: `mcpServers.${launch.server}: cannot start ${JSON.stringify(launch.command)}: ${why}` }, error)
}

function isStarted (child: ChildProcessWithoutNullStreams): child is StartedChild {
  return child.pid !== undefined
}

/** After the start, 'error' only repeats what 'exit' and the streams say. */
function ignore (): void {}
