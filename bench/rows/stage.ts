import { backendCommand } from '../targets/backends.ts'
import type { Backend, Started, Target } from '../targets/target.ts'

/** The targets of a group of rows, started side by side and left running, so that rounds can go A B C A B C. */
export interface Stage {
  /** The running target, started again if it died. @throws when it does not start. */
  readonly enter: (target: Target) => Promise<Started>
  readonly close: () => Promise<void>
}

export function createStage (backend: Backend): Stage {
  const started = new Map<string, Started>()
  return {
    enter: async (target) => {
      const known = started.get(target.id)
      if (known?.process.alive() === true) return known
      const fresh = await target.start(backendCommand(backend))
      started.set(target.id, fresh)
      return fresh
    },
    close: async () => { await Promise.all([...started.values()].map(({ process }) => process.stop())) }
  }
}
