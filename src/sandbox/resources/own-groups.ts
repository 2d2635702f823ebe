import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GroupParent, ResourceController } from './types.ts'

/** The gateway's own control groups, by hierarchy. */
export interface OwnGroups {
  /** cgroup v2 (Linux Documentation/admin-guide/cgroup-v2.rst): at most one directory. */
  readonly unified?: string
  /** cgroup v1 (Documentation/admin-guide/cgroup-v1/cgroups.rst): hierarchies with a controller that bounds something. */
  readonly legacy: readonly GroupParent[]
}

interface Mount { readonly root: string, readonly point: string, readonly type: string, readonly options: readonly string[] }

const CONTROLLERS: readonly ResourceController[] = ['memory', 'cpu', 'pids']
/** The gateway moves itself here, so that its own group may have children with limits (v2 allows processes in leaves only). */
export const LEAF = 'drawbridge-gateway'

/** Reads `self/cgroup` and `self/mountinfo` (proc(5)). Nothing there = no groups. */
export async function findOwnGroups (procDirectory: string): Promise<OwnGroups> {
  const [groups, mountLines] = await Promise.all([linesOf(join(procDirectory, 'self/cgroup')), linesOf(join(procDirectory, 'self/mountinfo'))])
  const mounts = mountLines.map(parseMount).filter(({ type }) => type === 'cgroup' || type === 'cgroup2')
  const legacy: GroupParent[] = []
  let unified: string | undefined
  for (const line of groups) {
    const [, names = '', ...rest] = line.split(':')
    const path = rest.join(':')
    if (names === '') {
      const mount = mounts.find(({ type }) => type === 'cgroup2')
      unified = mount && directoryOf(mount, path.endsWith(`/${LEAF}`) ? path.slice(0, -LEAF.length - 1) || '/' : path)
    } else {
      const controllers = CONTROLLERS.filter((controller) => names.split(',').includes(controller))
      const mount = mounts.find(({ type, options }) => type === 'cgroup' && controllers.some((controller) => options.includes(controller)))
      const directory = mount && directoryOf(mount, path)
      if (directory !== undefined) legacy.push({ directory, controllers })
    }
  }
  return { legacy, ...(unified === undefined ? {} : { unified }) }
}

/** Where `path` is under the mount; undefined when it lies outside of what is mounted, as in a container that shares no namespace. */
function directoryOf (mount: Mount, path: string): string | undefined {
  if (path.split('/').includes('..')) return undefined
  if (mount.root === '/') return join(mount.point, path)
  return path === mount.root || path.startsWith(`${mount.root}/`) ? join(mount.point, path.slice(mount.root.length)) : undefined
}

function parseMount (line: string): Mount {
  const [left = '', right = ''] = line.split(' - ')
  const [, , , root = '', point = ''] = left.split(' ')
  const [type = '', , options = ''] = right.split(' ')
  return { root: unescape(root), point: unescape(point), type, options: options.split(',') }
}

/** Blanks, tabs, line breaks and backslashes are written as octal numbers. */
function unescape (path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

async function linesOf (file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}
