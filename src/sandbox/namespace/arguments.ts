import type { NamespaceTools } from '../host-support.ts'
import { setprivArgs } from '../worker-user.ts'
import { inOrder, mountArgs } from './mount.ts'
import type { Mount } from './mount.ts'
import { EMPTY_DIRS } from './system-view.ts'

/** Largest /tmp and /dev/shm; TMPDIR is elsewhere, on disk. Memory of the worker, where memory is bounded. */
const MAX_TMPFS_BYTES = 268_435_456

/** Needed by setpriv to become the worker's user, and to go to a directory of that user before; setpriv drops them for the worker. */
const UNTIL_SETPRIV = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_DAC_READ_SEARCH']

/**
 * The first process of the namespace: starts the worker, lets go of its pipes, takes in orphans, and ends with the worker, and
 * everything in the namespace with it. Not bubblewrap's own, which ends after bubblewrap has, as a zombie of whoever is the
 * machine's first process; and not the worker itself, on which TERM would have no effect then. Under root it stays bubblewrap's
 * user: a process that dies may signal its children (--die-with-parent) only if they are of its own user.
 */
const FIRST_PROCESS = 'exec 3<&0 4>&1; "$@" <&3 >&4 3<&- 4>&- & exec 0</dev/null 1>/dev/null 2>/dev/null 3<&- 4>&-; wait $!'

/** What one contained process is made of. */
export interface NamespaceParts {
  readonly tools: NamespaceTools
  /** Whom the worker runs as: with tools `by: user` the gateway's own ids. */
  readonly user: { readonly uid: number, readonly gid: number }
  /** A network of its own, with nothing in it but a loopback. False: the one it is started in. */
  readonly unshareNetwork: boolean
  /** One for each path. */
  readonly mounts: readonly Mount[]
  /** Files that stand for /etc/passwd and /etc/group. */
  readonly accounts: { readonly passwd: string, readonly group: string }
  /** Number that the filter's descriptor will have in the started process; undefined: no filter. */
  readonly filterDescriptor: number | undefined
  readonly cwd: string
  /** What runs inside, its path absolute. */
  readonly command: readonly string[]
}

/** The whole command line of bubblewrap, its own path first. */
export function namespaceArgs (parts: NamespaceParts): string[] {
  const { tools, accounts, filterDescriptor } = parts
  return [
    tools.bwrap,
    ...(tools.by === 'user' ? ['--unshare-user', '--uid', String(parts.user.uid), '--gid', String(parts.user.gid)] : []),
    '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try',
    ...(parts.unshareNetwork ? ['--unshare-net'] : []),
    '--hostname', 'worker',
    // Also when the gateway is killed: the namespace's first process goes with it, and all others with that (T44).
    '--die-with-parent', '--as-pid-1',
    '--cap-drop', 'ALL',
    ...(tools.by === 'root' ? UNTIL_SETPRIV.flatMap((capability) => ['--cap-add', capability]) : []),
    ...EMPTY_DIRS.flatMap((path) => ['--dir', path]),
    '--proc', '/proc',
    '--dev', '/dev',
    ...['/dev/shm', '/tmp'].flatMap((path) => ['--perms', '1777', '--size', String(MAX_TMPFS_BYTES), '--tmpfs', path]),
    '--symlink', '/tmp', '/var/tmp',
    ...mountArgs(inOrder([
      ...parts.mounts,
      { kind: 'ro', path: '/etc/passwd', source: accounts.passwd },
      { kind: 'ro', path: '/etc/group', source: accounts.group }
    ])),
    ...parts.mounts.flatMap((mount) => mount.kind === 'empty' ? ['--remount-ro', mount.path] : []),
    '--remount-ro', '/',
    ...(filterDescriptor === undefined ? [] : ['--seccomp', String(filterDescriptor)]),
    '--chdir', parts.cwd,
    '--',
    '/bin/sh', '-c', FIRST_PROCESS, 'sh',
    ...dropRoot(parts),
    ...withSignals(tools, parts.command)
  ]
}

function dropRoot ({ tools, user }: NamespaceParts): string[] {
  return tools.setpriv === undefined || tools.by === 'user' ? [] : [tools.setpriv, ...setprivArgs(user)]
}

/** Bubblewrap ignores TERM, so that the worker can end in order, and the shell starts it without INT and QUIT: the worker has them back. */
function withSignals ({ env }: NamespaceTools, command: readonly string[]): readonly string[] {
  // env would take a command with this sign for a variable.
  return env === undefined || command[0]?.includes('=') === true ? command : [env, '--default-signal=TERM,INT,QUIT', ...command]
}

/** Put before bubblewrap: it must outlive the TERM that its worker is given. */
export function ignoringTerm ({ env }: NamespaceTools, command: readonly string[]): readonly string[] {
  return env === undefined ? command : [env, '--ignore-signal=TERM', ...command]
}
