import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { GatewayError } from '../shared/errors.ts'
import type { WorkerLaunch } from './types.ts'

/** A child with a pid: it was started. */
export type StartedChild = ChildProcessWithoutNullStreams & { readonly pid: number }

/**
 * Starts the process of a launch: by argv, never through a shell (T45), as the leader of its own process group (T44),
 * three pipes and no other descriptor.
 * @throws GatewayError GW_UPSTREAM_START; its reason names the command and the system's error code
 */
export async function spawnProcess (launch: WorkerLaunch, env: Readonly<Record<string, string>>): Promise<StartedChild> {
  let child: ChildProcessWithoutNullStreams
  try {
    child = spawn(launch.command, [...launch.args], { cwd: launch.cwd, env, detached: true, shell: false, windowsHide: true })
  } catch (error) {
    throw startFailure(launch, error)
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
