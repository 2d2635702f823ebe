import type { Containment } from '../sandbox/index.ts'
import type { WorkerLaunch } from './types.ts'

/** A start as the launch has it, with nothing around it. */
export function uncontained ({ command, args, env, cwd }: WorkerLaunch): Promise<Containment> {
  return Promise.resolve({ level: 'none', command, args, env, cwd, descriptors: [], started: nothing, ended: nothing })
}

async function nothing (): Promise<void> {}
