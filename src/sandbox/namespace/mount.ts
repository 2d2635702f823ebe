/** One thing that a worker finds at `path`. */
export type Mount =
  /** The host's file or directory of the same path, or `source`. */
  | { readonly kind: 'ro' | 'rw', readonly path: string, readonly source?: string }
  /** Nothing: an empty read-only directory over what is there. */
  | { readonly kind: 'empty', readonly path: string }
  /** An unreadable file over what is there. */
  | { readonly kind: 'unreadable', readonly path: string }
  | { readonly kind: 'symlink', readonly path: string, readonly target: string }

/** Which of two mounts of one path holds: what hides a file, then what is writable, then what is readable, then what empties. */
const PRECEDENCE: Readonly<Record<Mount['kind'], number>> = { unreadable: 4, rw: 3, ro: 2, symlink: 1, empty: 0 }

/** One mount for each path, outer directories before inner ones. */
export function inOrder (mounts: readonly Mount[]): Mount[] {
  const byPath = new Map<string, Mount>()
  for (const mount of mounts) {
    const other = byPath.get(mount.path)
    if (other === undefined || PRECEDENCE[mount.kind] > PRECEDENCE[other.kind]) byPath.set(mount.path, mount)
  }
  return [...byPath.values()].sort((a, b) => depthOf(a.path) - depthOf(b.path))
}

function depthOf (path: string): number {
  return path.split('/').length
}

/** Is `path` the directory itself, or in it? Both absolute and normal. */
export function isInside (path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`)
}

/** Arguments of bubblewrap for mounts in order, each after the directories that lead to it. */
export function mountArgs (mounts: readonly Mount[]): string[] {
  const made = new Set<string>()
  return mounts.flatMap((mount, index) => {
    const outer = mounts.slice(0, index).findLast((other) => isInside(mount.path, other.path))
    // In what is shown of the host they are there.
    const leading = outer === undefined || outer.kind === 'empty' ? ancestors(mount.path, outer?.path ?? '/').filter((path) => !made.has(path)) : []
    for (const path of leading) made.add(path)
    // Bubblewrap itself would make them for nobody but root.
    return [...leading.flatMap((path) => ['--perms', '0755', '--dir', path]), ...oneMountArgs(mount)]
  })
}

/** Directories between `top` and `path`, neither included, outer ones first. */
function ancestors (path: string, top: string): string[] {
  const segments = path.split('/')
  return segments.slice(2).map((_, index) => segments.slice(0, index + 2).join('/')).filter((each) => each !== top && isInside(each, top))
}

function oneMountArgs (mount: Mount): string[] {
  switch (mount.kind) {
    case 'ro': return ['--ro-bind', mount.source ?? mount.path, mount.path]
    case 'rw': return ['--bind', mount.source ?? mount.path, mount.path]
    case 'empty': return ['--tmpfs', mount.path]
    case 'unreadable': return ['--ro-bind', '/dev/null', mount.path]
    case 'symlink': return ['--symlink', mount.target, mount.path]
  }
}
