import { randomBytes } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
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
  readonly tmpDir: string
  /** The entry's own variables, templates filled. They win over everything else. */
  readonly own: Readonly<Record<string, string>>
}

/** A worker's home: inside its private directory. */
export function privateHome (privateDir: string): string {
  return join(privateDir, 'home')
}

/** A gateway's own TMPDIR that is longer is not used for workers. */
const MAX_TMP_ROOT_CHARS = 24

/**
 * A new name for a worker's directory for temporary files. Not in its private directory: a Unix socket's path has 107
 * bytes, browsers put 50 of them behind TMPDIR, and a state directory may lie anywhere. Unguessable, because it stands
 * where every user of the machine may write.
 */
export function privateTmp ({ places }: HostEnvironment): string {
  const own = places['TMPDIR'] ?? ''
  const root = isAbsolute(own) && own.length <= MAX_TMP_ROOT_CHARS ? own : '/tmp'
  return join(root, `db-${randomBytes(8).toString('hex')}`)
}

/** The whole environment of a worker, from empty (T41): base, launcher set-up, private directories, the entry's own. */
export function workerEnvironment (parts: EnvironmentParts): Record<string, string> {
  return {
    PATH: FALLBACK_PATH,
    LANG: 'C.UTF-8',
    ...pick(parts.host.variables, BASE_VARIABLES),
    ...launcherEnvironment(parts.family, parts.host, parts.stateDir),
    HOME: privateHome(parts.privateDir),
    TMPDIR: parts.tmpDir,
    ...parts.own
  }
}
