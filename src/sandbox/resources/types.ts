/** What bounds a worker here: control groups of either version, or the limits that any process can set for itself. */
export type ResourceKind = 'cgroup2' | 'cgroup1' | 'prlimit'

/** Bounds that only control groups give. */
export type ResourceController = 'memory' | 'cpu' | 'pids'

/** Where the worker groups of one control group hierarchy are made. */
export interface GroupParent {
  /** Absolute directory of the gateway's own group. */
  readonly directory: string
  /** Bounds that groups under it can have; several may share one hierarchy. */
  readonly controllers: readonly ResourceController[]
}

/** What this host can enforce, as `probeResources` found it. */
export interface ResourceSupport {
  readonly kind: ResourceKind
  /** Bounds that hold for a worker with all that it starts. Empty for `prlimit`. */
  readonly controllers: readonly ResourceController[]
  /** One per hierarchy: exactly one with `cgroup2`, none with `prlimit`. */
  readonly parents: readonly GroupParent[]
  /** One sentence for `doctor`: what is enforced, what is not, why, and what would change that. */
  readonly sentence: string
}

/** Bounds of one worker and everything that it starts (T40). */
export interface ResourceLimits {
  /** MiB, >= 1. Absent = unbounded. */
  readonly memoryMb?: number
  /** CPUs, > 0; 0.5 is half of one. Absent = unbounded. */
  readonly cpu?: number
  /** Processes and threads, >= 1. */
  readonly pids: number
  /** Open files of each process, >= 1. Default 4 096. */
  readonly openFiles?: number
  /**
   * No other worker runs under the same user id in the same user namespace, so that the kernel's count of processes per
   * user counts this worker. Matters where the `pids` controller is missing. Default false.
   */
  readonly ownUser?: boolean
}

/** What a worker ran into; a closed set, for metric labels. */
export type ExceededLimit = 'memory' | 'pids'

/** Told while workers run and when their groups are removed. */
export interface ResourceEvents {
  /** The worker `name` ran into a limit: `memory` = the kernel ended it, `pids` = it was refused a process. At most once per worker and limit. */
  exceeded (name: string, limit: ExceededLimit): void
}

/** Hold on the limits of one worker. */
export interface ResourceGrip {
  /** Argv to put before the command on the host, outside of any sandbox: joins the groups, sets limits, and becomes the command. */
  readonly prefix: readonly string[]
  /** Argv to put before the command inside its user namespace; mostly empty. Needs only /usr/bin, and becomes the command. */
  readonly inner: readonly string[]
  /** Ends what still runs in the groups and removes them. Never rejects; a second call does nothing more. */
  release (): Promise<void>
  /** What is enforced, in words, such as "memory 256 MiB, cpu 0.5, 256 processes (cgroup v1)". */
  describe (): string
}

/** Makes the limits of workers; one per gateway. */
export interface Resources {
  readonly support: ResourceSupport
  /**
   * @param name of the worker, told back by events; may be used again for another
   * @throws Error if the groups cannot be made; nothing is left of them then
   */
  enter (limits: ResourceLimits, name: string): Promise<ResourceGrip>
  /** Removes what all workers share. Grips are released first. Never rejects. */
  close (): Promise<void>
}
