import { chmodSync, chownSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
/** nobody: an ordinary user that every Linux has. */
const NOBODY = 65_534

/** As whom a gateway runs, and how it is started so. */
export interface Runner {
  readonly name: 'root' | 'an ordinary user'
  /** User id of the gateway. */
  readonly uid: number
  /** Put before the gateway's command line. */
  readonly prefix: readonly string[]
  /** The project's path as that user has it: the checkout itself may be closed to others. */
  readonly project: string
  /** Gives the gateway's scratch directory to it, its files included, with the project's path in them put right. */
  readonly giveDirectory: (directory: string) => void
  /** After the gateway has ended. */
  readonly remove: () => void
}

/** Everybody a gateway can be run as from here: root and an ordinary user if the tests run as root, else whoever runs them. */
export function runners (): Array<{ readonly name: Runner['name'], readonly make: () => Runner }> {
  const uid = process.getuid?.() ?? 0
  const self = (): Runner => ({ name: uid === 0 ? 'root' : 'an ordinary user', uid, prefix: [], project: PROJECT, giveDirectory: () => {}, remove: () => {} })
  const ordinary = { name: 'an ordinary user', make: uid === 0 ? ordinaryUser : self } as const
  return uid === 0 ? [{ name: 'root', make: self }, ordinary] : [ordinary]
}

/** A bind mount in a mount namespace of its own shows the project at a path that is open to all. */
function ordinaryUser (): Runner {
  const project = mkdtempSync(join(tmpdir(), 'drawbridge-test-project-'))
  chmodSync(project, 0o755)
  const script = 'mount --bind "$1" "$2" && shift 2 && exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --ambient-caps=-all "$@"'
  return {
    name: 'an ordinary user',
    uid: NOBODY,
    prefix: ['unshare', '--mount', '--', '/bin/sh', '-c', script, 'sh', PROJECT, project],
    project,
    // Only when nothing runs there any more: with the directory the mount goes.
    remove: () => rmSync(project, { recursive: true, force: true }),
    giveDirectory (directory) {
      for (const name of readdirSync(directory)) {
        const file = join(directory, name)
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll(PROJECT, project))
        chownSync(file, NOBODY, NOBODY)
      }
      chownSync(directory, NOBODY, NOBODY)
    }
  }
}
