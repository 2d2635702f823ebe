/** How a worker is contained: not at all, by its own limits, by namespaces, or by a container engine. */
export type SandboxLevel = 'none' | 'process' | 'namespace' | 'container'

/** Containment of one server's workers (T40-T43). Paths are absolute and may hold templates; they count as roots (rulings 1). */
export interface SandboxSettings {
  /** `auto` = the strongest that this host gives. A level that the host cannot give is refused at the start of a worker. */
  readonly level: 'auto' | SandboxLevel
  /** User id that workers run under, where the gateway may choose it. Absent = the gateway's own, or `nobody`'s place under root. */
  readonly uid?: number
  /**
   * Network from level `namespace` on: `none`; `full` = the host's; or hosts that may be reached through the gateway's guarded
   * proxy: `host`, `host:port`, `*.domain`, `*` = every public address. `[]` = none. Default `['*']`.
   */
  readonly network: 'none' | 'full' | readonly string[]
  /** Most memory of a worker and all that it starts, in MiB. Absent = unbounded. */
  readonly memoryMb?: number
  /** Most CPUs of a worker; 0.5 is half of one. Absent = unbounded. */
  readonly cpu?: number
  /** Most processes and threads of a worker. Default 256: runtimes start a dozen threads each (T40). */
  readonly pids: number
  /** Level `container`: the image that has the command. Absent = only a command that is `docker run` itself can have that level. */
  readonly image?: string
  readonly readOnly: readonly string[]
  readonly writable: readonly string[]
  /**
   * Directories that args, env and `writable` name by `{tenant}` or `{user}` stand at the same place inside for everybody, and are
   * mounted there when the worker is given to its user: so it can have been a spare. Level `namespace` only. Default false: a
   * server that reads its files at the start and writes them whole later would overwrite what it has not seen.
   */
  readonly mountLate?: boolean
}
