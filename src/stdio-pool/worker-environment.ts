import { join } from 'node:path'
import type { HostEnvironment } from './host-environment.ts'
import { BASE_VARIABLES, pick } from './host-environment.ts'
import { launcherEnvironment } from './launcher-environment.ts'
import type { LauncherFamily } from './launcher-environment.ts'

/** A search path for the rare gateway that has none itself. */
const FALLBACK_PATH = '/usr/local/bin:/usr/bin:/bin'

/** What {@link workerEnvironment} puts together. */
export interface EnvironmentParts {
  readonly host: HostEnvironment
  readonly family: LauncherFamily | undefined
  readonly stateDir: string
  readonly privateDir: string
  /** The entry's own variables, templates filled. They win over everything else. */
  readonly own: Readonly<Record<string, string>>
}

/** A worker's home: inside its private directory. */
export function privateHome (privateDir: string): string {
  return join(privateDir, 'home')
}

/** A worker's directory for temporary files: inside its private directory. */
export function privateTmp (privateDir: string): string {
  return join(privateDir, 'tmp')
}

/** The whole environment of a worker, from empty (T41): base, launcher set-up, private directories, the entry's own. */
export function workerEnvironment (parts: EnvironmentParts): Record<string, string> {
  return {
    PATH: FALLBACK_PATH,
    LANG: 'C.UTF-8',
    ...pick(parts.host.variables, BASE_VARIABLES),
    ...launcherEnvironment(parts.family, parts.host, parts.stateDir),
    HOME: privateHome(parts.privateDir),
    TMPDIR: privateTmp(parts.privateDir),
    ...parts.own
  }
}
