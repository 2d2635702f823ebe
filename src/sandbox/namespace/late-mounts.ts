import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LateTools, NamespaceTools } from '../host-support.ts'
import { runProgram } from '../run-program.ts'
import type { LateMount } from '../types.ts'
import type { Mount } from './mount.ts'

const SCRIPT = fileURLToPath(new URL('./late-mounts.sh', import.meta.url))

/** Directories of one worker that are filled after its start. */
export interface LateMounts {
  /** Put before bubblewrap: gives it an outer mount namespace in which the places are. */
  readonly prefix: readonly string[]
  /** For the worker's view: empty and read-only for now. */
  readonly mounts: readonly Mount[]
  /** The process group's leader, which stays in the outer namespace, runs under this pid. */
  startedAs (pid: number): void
  /** Binds `source` to the place `inner`; the mount goes on into the worker's namespace by itself. Rejects with the system's complaint. */
  mount (inner: string, source: string): Promise<void>
}

/**
 * The places are directories of a small tmpfs that only the outer namespace has, shared, so that what is mounted there later
 * goes on into bubblewrap's namespace, which receives mounts and sends none. No process waits for it.
 * @param stage an existing directory's future path on the host; stays empty there
 */
export function createLateMounts (wanted: readonly LateMount[], stage: string, { by, late }: NamespaceTools & { readonly late: LateTools }): LateMounts {
  mkdirSync(stage, { recursive: true, mode: 0o755 })
  const places = new Map(wanted.map(({ inner }, index) => [inner, join(stage, String(index))]))
  const user = by === 'user' ? ['--user', '--map-root-user'] : []
  let pid: number | undefined
  return {
    prefix: [late.unshare, ...user, '--mount', '--', late.shell, SCRIPT, late.mount, stage, String(wanted.length)],
    mounts: [...places].map(([inner, source]): Mount => ({ kind: 'ro', path: inner, source })),
    startedAs (leader) { pid = leader },
    async mount (inner, source) {
      const place = places.get(inner)
      if (place === undefined || pid === undefined) throw new Error(`${inner} waits for no directory`)
      places.delete(inner)
      const into = by === 'user' ? ['--user', '--preserve-credentials'] : []
      const { code, complaint } = await runProgram(late.nsenter, ['--target', String(pid), ...into, '--mount', '--', late.mount, '--rbind', '--', source, place])
      if (code !== 0) throw new Error(`${source} cannot be mounted at ${inner}: ${complaint}`)
    }
  }
}
