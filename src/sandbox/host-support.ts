import type { SandboxLevel } from '../shared/settings/sandbox.ts'
import type { ResourceSupport } from './resources/index.ts'

/** Something that this host does not give, and how it would. */
export interface Shortcoming {
  /** The level, or the part of it, that cannot be had. */
  readonly level: 'namespace' | 'process' | 'late mounts'
  /** One sentence: what was tried and what came of it. */
  readonly why: string
  /** One line: what an operator can do. */
  readonly fix: string
}

/** Programs of level `namespace`; absolute paths. */
export interface NamespaceTools {
  readonly bwrap: string
  /** `root`: mounts are made as root and the worker gets a user id of its own. `user`: a user namespace maps the gateway's own id. */
  readonly by: 'root' | 'user'
  /** Drops root for the worker; only with `by: root`. */
  readonly setpriv?: string
  /** GNU env, which resets ignored signals: with it TERM reaches the worker before its namespace goes. Absent: TERM ends it at once. */
  readonly env?: string
  /** Absent: no late mounts. */
  readonly late?: LateTools
}

/** Programs that mount a directory into a running worker's namespace. */
export interface LateTools {
  readonly unshare: string
  readonly nsenter: string
  readonly mount: string
  readonly shell: string
}

/** Programs of level `process`. */
export interface ProcessTools {
  readonly setpriv: string
  /** As root, the worker gets a user id of its own. */
  readonly by: 'root' | 'user'
}

/** What this host can enforce: looked at once per gateway, by trying it. */
export interface HostSupport {
  /** What `auto` stands for. */
  readonly strongest: SandboxLevel
  readonly namespace?: NamespaceTools
  readonly process?: ProcessTools
  readonly resources: ResourceSupport
  readonly shortcomings: readonly Shortcoming[]
}

/** Levels from weak to strong. */
const STRENGTH: readonly SandboxLevel[] = ['none', 'process', 'namespace', 'container']

/** Does `level` contain less than `than`? */
export function isWeaker (level: SandboxLevel, than: SandboxLevel): boolean {
  return STRENGTH.indexOf(level) < STRENGTH.indexOf(than)
}

/** One sentence about what workers are contained by here, for the start and for doctor. */
export function describeSupport (support: HostSupport): string {
  const by = support.namespace?.by ?? support.process?.by
  const user = by === 'root' ? 'with a user id of their own' : 'under the gateway\'s user id'
  switch (support.strongest) {
    case 'namespace': return `workers run in namespaces of their own (files, processes, network), ${user}; ${support.resources.sentence}`
    case 'process': return `workers run ${user} without new privileges; nothing separates their files and their network; ${support.resources.sentence}`
    case 'container':
    case 'none': return 'workers are not contained at all'
  }
}
