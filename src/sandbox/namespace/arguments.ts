import type { NamespaceTools } from '../host-support.ts'
import { setprivArgs } from '../worker-user.ts'
import { inOrder, mountArgs } from './mount.ts'
import type { Mount } from './mount.ts'
import { EMPTY_DIRS } from './system-view.ts'

/** Largest /tmp and /dev/shm; TMPDIR is elsewhere, on disk. Memory of the worker, where memory is bounded. */
const MAX_TMPFS_BYTES = 268_435_456

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
    // Also when the gateway is killed: the namespace's init goes with it, and all processes with that (T44).
    '--die-with-parent',
    '--cap-drop', 'ALL',
    // setpriv needs these to become the worker's user, and drops them.
    ...(tools.by === 'root' ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP'] : []),
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
    ...dropRoot(parts),
    ...withTerm(tools, parts.command)
  ]
}

function dropRoot ({ tools, user }: NamespaceParts): string[] {
  return tools.setpriv === undefined || tools.by === 'user' ? [] : [tools.setpriv, ...setprivArgs(user)]
}

/** TERM is ignored by bubblewrap, so that the worker can end in order; the worker itself has it back. */
function withTerm ({ env }: NamespaceTools, command: readonly string[]): readonly string[] {
  // env would take a command with this sign for a variable.
  return env === undefined || command[0]?.includes('=') === true ? command : [env, '--default-signal=TERM', ...command]
}

/** Put before bubblewrap: it must outlive the TERM that its worker is given. */
export function ignoringTerm ({ env }: NamespaceTools, command: readonly string[]): readonly string[] {
  return env === undefined ? command : [env, '--ignore-signal=TERM', ...command]
}
