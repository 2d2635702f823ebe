import { signalGroup } from './process-group.ts'
import type { StartedChild } from './spawn-process.ts'

/** How long the pipes are read on after the process has ended; a daemon that left the group may hold them for ever. */
const DRAIN_MS = 250

/** How a process ended. */
export interface ChildExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * Resolves when the process has ended and what it wrote was read, so that an answer written just before the end is not
 * lost. `onExit` is called at the end itself. The rest of the group is killed with it: what the leader leaves behind
 * (the server under npx) has nobody to serve, and holds the pipes.
 */
export function childExit (child: StartedChild, onExit: () => void): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      onExit()
      signalGroup(child.pid, 'SIGKILL')
      const finish = (): void => {
        clearTimeout(timer)
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
        resolve({ code, signal })
      }
      const timer = setTimeout(finish, DRAIN_MS)
      child.once('close', finish)
    })
  })
}
